use crate::VersionSpec;
use runtime::{Family, RuntimeId, generic};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What a prewarmed sandbox can become: an instance of any function that agrees on this.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct InstanceKind {
    /// The interpreter that is mounted; `None` for code that brings its own.
    pub(crate) runtime: Option<RuntimeId>,
    /// The host path of the image's tree that is the root.
    pub(crate) image: Option<PathBuf>,
    pub(crate) tmp_mb: u32,
    /// Whether a process waits inside, which takes variables that can be applied to it late.
    pub(crate) process: Option<ProcessKind>,
}

/// What a process cannot change any more once it was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ProcessKind {
    /// For what memory its heap was made, in MiB; zero where that does not matter.
    pub heap_mb: u32,
}

impl InstanceKind {
    /// Of a function with these settings, which are as in [`VersionSpec`].
    pub fn new(
        runtime: &RuntimeId,
        environment: &BTreeMap<String, String>,
        memory_mb: u32,
        tmp_mb: u32,
    ) -> Self {
        let heap_mb = match runtime.family() {
            Family::Provided => return InstanceKind { runtime: None, image: None, tmp_mb, process: None },
            Family::Node { .. } => memory_mb,
            Family::Python { .. } => 0,
            // Nothing of ours waits inside.
            Family::Java { .. } | Family::Ruby { .. } => {
                return InstanceKind { runtime: Some(runtime.clone()), image: None, tmp_mb, process: None };
            }
        };
        let process = generic::applies_late(environment).then_some(ProcessKind { heap_mb });
        InstanceKind { runtime: Some(runtime.clone()), image: None, tmp_mb, process }
    }

    /// Of an image whose tree is `root` on the host.
    pub fn of_image(root: PathBuf, tmp_mb: u32) -> Self {
        InstanceKind { runtime: None, image: Some(root), tmp_mb, process: None }
    }

    pub(crate) fn of(spec: &VersionSpec) -> Self {
        if spec.image.is_some() {
            return InstanceKind::of_image(spec.code_dir.clone(), spec.tmp_mb);
        }
        InstanceKind::new(&spec.runtime, &spec.environment, spec.memory_mb, spec.tmp_mb)
    }
}

use crate::VersionSpec;
use runtime::{Family, RuntimeId};

/// What a prewarmed sandbox can become: an instance of any function that agrees on this.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct InstanceKind {
    /// The interpreter that is mounted; `None` for code that brings its own.
    pub(crate) runtime: Option<RuntimeId>,
    pub(crate) tmp_mb: u32,
}

impl InstanceKind {
    /// `tmp_mb` as in [`VersionSpec`].
    pub fn new(runtime: &RuntimeId, tmp_mb: u32) -> Self {
        let runtime = match runtime.family() {
            Family::Provided => None,
            Family::Node { .. } | Family::Python { .. } => Some(runtime.clone()),
        };
        InstanceKind { runtime, tmp_mb }
    }

    pub(crate) fn of(spec: &VersionSpec) -> Self {
        InstanceKind::new(&spec.runtime, spec.tmp_mb)
    }
}

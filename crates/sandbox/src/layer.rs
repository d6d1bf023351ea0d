use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// One independent wall between user code and the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// Own PID, mount, network, IPC and UTS namespaces: sees no process, file or interface of the host.
    Namespaces,
    /// A read-only root of its own; the host's root is detached.
    PrivateRoot,
    /// `/proc` shows own processes only, read-only.
    PrivateProc,
    /// A uid that no other sandbox and no host user has.
    OwnUid,
    /// No capability in any set, and none to be gained (`no_new_privs`).
    NoCapabilities,
    /// The list of system calls that programs need, and no other.
    Seccomp,
    /// Writes only under `/tmp` and `/dev/shm`, whatever the mounts say.
    Landlock,
    /// Own cgroup namespace.
    CgroupNamespace,
    /// The kernel ends what takes more memory than given.
    MemoryLimit,
    /// The kernel refuses more processes than given.
    ProcessLimit,
    /// CPU in proportion to memory.
    CpuShare,
    /// Can be stopped and continued as a whole.
    Freezer,
    /// `/tmp` is on disk, of bounded size, and not counted as memory. Without it `/tmp` is a tmpfs whose
    /// pages count against the memory limit.
    TmpOnDisk,
    /// A way out of the network namespace, each packet of which passes through the host's hands. Without it
    /// there is no way out at all: nothing is less safe for that.
    Egress,
    /// Code can be bound into a sandbox that runs already.
    LateBind,
}

impl Layer {
    pub const ALL: [Layer; 15] = [
        Layer::Namespaces,
        Layer::PrivateRoot,
        Layer::PrivateProc,
        Layer::OwnUid,
        Layer::NoCapabilities,
        Layer::Seccomp,
        Layer::Landlock,
        Layer::CgroupNamespace,
        Layer::MemoryLimit,
        Layer::ProcessLimit,
        Layer::CpuShare,
        Layer::Freezer,
        Layer::TmpOnDisk,
        Layer::Egress,
        Layer::LateBind,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Layer::Namespaces => "namespaces",
            Layer::PrivateRoot => "private-root",
            Layer::PrivateProc => "private-proc",
            Layer::OwnUid => "own-uid",
            Layer::NoCapabilities => "no-capabilities",
            Layer::Seccomp => "seccomp",
            Layer::Landlock => "landlock",
            Layer::CgroupNamespace => "cgroup-namespace",
            Layer::MemoryLimit => "memory-limit",
            Layer::ProcessLimit => "process-limit",
            Layer::CpuShare => "cpu-share",
            Layer::Freezer => "freezer",
            Layer::TmpOnDisk => "tmp-on-disk",
            Layer::Egress => "egress",
            Layer::LateBind => "late-bind",
        }
    }
}

impl Layer {
    /// Without it nothing encloses user code, so no host may lack it.
    pub fn is_indispensable(self) -> bool {
        matches!(
            self,
            Layer::Namespaces
                | Layer::PrivateRoot
                | Layer::PrivateProc
                | Layer::NoCapabilities
                | Layer::Seccomp
        )
    }
}

/// By its name, see [`Layer::name`].
impl FromStr for Layer {
    type Err = UnknownLayer;

    fn from_str(text: &str) -> Result<Self, UnknownLayer> {
        let found = Layer::ALL.into_iter().find(|layer| layer.name() == text);
        found.ok_or_else(|| UnknownLayer(text.to_owned()))
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no layer {0:?}; zerun doctor lists them")]
pub struct UnknownLayer(String);

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LayerState {
    Enforced,
    Missing,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LayerReport {
    pub layer: Layer,
    pub state: LayerState,
    /// How it is enforced, or what is missing and what would give it.
    pub detail: String,
}

/// Which cgroup hierarchy carries the limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CgroupVersion {
    V1,
    V2,
    None,
}

/// What this host really gives: found by making a sandbox once, not by guessing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct IsolationReport {
    /// Every [`Layer`], in the order of [`Layer::ALL`].
    pub layers: Vec<LayerReport>,
    pub cgroup: CgroupVersion,
    /// `false`: namespaces of an ordinary user, with fewer layers.
    pub privileged: bool,
}

impl IsolationReport {
    pub fn missing(&self) -> impl Iterator<Item = &LayerReport> {
        self.layers.iter().filter(|report| report.state == LayerState::Missing)
    }
}

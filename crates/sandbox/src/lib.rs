//! One isolated process tree: create, execute, pause, resume, destroy.
//!
//! Knows no function and no HTTP. A sandbox is hostile from its first instruction: what a [`Spec`] says
//! is enforced by the kernel before user code runs, and a layer the host cannot give is an error, never
//! silence, unless the host was told that it may lack it.

mod error;
mod layer;
mod process;
mod spec;
mod stats;

pub use error::SandboxError;
pub use layer::{CgroupVersion, IsolationReport, Layer, LayerReport, LayerState};
pub use process::{Exit, ExitStatus};
pub use spec::{Bind, Command, CpuSpec, RootSpec, Spec};
pub use stats::Stats;

/// Most sandboxes of one host at once: each has a uid of its own.
pub const SANDBOXES_MAX: usize = 65_536;

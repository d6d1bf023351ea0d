//! One isolated process tree: create, execute, pause, resume, destroy.
//!
//! Knows no function and no HTTP. A sandbox is hostile from its first instruction: what a [`Spec`] says
//! is enforced by the kernel before user code runs, and a layer the host cannot give is an error, never
//! silence, unless the host was told that it may lack it.
//!
//! ```text
//! server ── spawner thread ── init (process 1 of its namespaces) ── launcher, becomes a user process
//!                                  ▲ builds the root, reaps
//!   Sandbox ── Link ── control ────┘ socket; when it closes, all of the sandbox ends
//! ```
//!
//! A [`Template`] is a process outside all sandboxes that forks itself into them: what it prepared (an
//! interpreter, its libraries) is there at once, and shared with its siblings until one writes to it.
//!
//! As root there is no user namespace: every sandbox has a real uid of its own, its processes have no
//! capability and cannot get one, and the init keeps five. A user namespace would add nothing to that but
//! the kernel code it opens. Without root a user namespace is what gives the other namespaces at all; then
//! the layers that need a cgroup, a uid or a disk image are missing and reported so.

mod cgroup;
mod control;
mod create;
mod error;
mod host;
mod init;
mod layer;
mod link;
mod mount;
mod process;
mod record;
mod report;
mod sandbox;
mod slots;
mod sockets;
mod spawner;
mod spec;
mod stats;
mod streams;
mod teardown;
mod template;
mod tmp_image;

pub use error::SandboxError;
pub use host::{Host, HostOptions, SweepReport};
pub use init::init_main;
pub use layer::{CgroupVersion, IsolationReport, Layer, LayerReport, LayerState};
pub use process::{Exit, ExitStatus, Process};
pub use sandbox::{Binding, Sandbox};
pub use sockets::Sockets;
pub use spec::{Bind, Command, CpuSpec, IMAGE_DIRECTORIES, IMAGE_FILES, RootSpec, Spec, Tun};
pub use stats::{Stats, Usage};
pub use template::{Template, TemplateSpec};

/// Where a program that asked for a channel finds it ([`Command::channel`]): not close-on-exec when the program
/// starts.
pub const CHANNEL_FD: std::os::fd::RawFd = 3;

/// Most sandboxes of one host at once: each has a uid of its own.
pub const SANDBOXES_MAX: usize = 65_536;

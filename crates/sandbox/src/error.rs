use crate::Layer;
use std::io;
use std::path::PathBuf;

/// What a caller can act on.
///
/// No message carries an environment variable or an argument: those may hold secrets.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The host cannot give a layer that `HostOptions::may_lack` does not
    /// excuse. Nothing was started.
    #[error("the isolation layer `{layer}` cannot be had on this host: {detail}")]
    LayerMissing { layer: Layer, detail: String },

    /// The specification or command itself is wrong; asking again gives the same answer.
    #[error("invalid sandbox request: {0}")]
    Invalid(String),

    /// A path to bind is not there, or cannot be bound.
    #[error("cannot bind {path}: {source}")]
    Bind { path: PathBuf, source: io::Error },

    /// The program could not be started: not there (`NotFound`), not executable
    /// (`PermissionDenied`), or not a format this machine runs. The sandbox stays usable.
    #[error("cannot start {program}: {source}")]
    Exec { program: String, source: io::Error },

    /// `Sandbox::exec` and [`Sandbox::kill_all`](crate::Sandbox::kill_all)
    /// need a running sandbox: thaw it first.
    #[error("the sandbox is frozen")]
    Frozen,

    /// The sandbox is no more: destroyed, killed from outside, or its init did not answer in time.
    /// Make another one.
    #[error("the sandbox is gone: {0}")]
    Gone(String),

    /// A [`Template`](crate::Template) could not be made, has ended, or did not fork. Another one may.
    #[error("the template failed: {0}")]
    Template(String),

    /// All [`SANDBOXES_MAX`](crate::SANDBOXES_MAX) slots of this host are taken.
    #[error("no sandbox slot is free (at most {})", crate::SANDBOXES_MAX)]
    Full,

    /// The host refused something it normally gives (descriptors, memory, disk). Trying again later
    /// may help.
    #[error("{what}: {source}")]
    Host { what: String, source: io::Error },
}

impl SandboxError {
    pub(crate) fn host(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| SandboxError::Host { what, source }
    }
}

//! Instances of function versions: started, given one event at a time, frozen when idle, reaped.
//!
//! Knows no HTTP and no function record: a [`VersionSpec`] says all that an instance needs.

mod invocation;
mod outside;
mod version;

pub use invocation::{FunctionError, InvokeError, InvokeRequest, Metering, Outcome, ThrottleReason};
pub use outside::{CredentialError, CredentialSource, Credentials, Endpoint};
pub use version::{LogFormat, VersionSpec};

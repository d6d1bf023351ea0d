//! Names: ids, ARNs, account and region, and the registry of key prefixes.
//!
//! Everything here is a value: nothing reads a clock, a file or the network.

mod account;
mod arn;
mod function;
pub mod key;
mod keyspace;
mod region;

pub use account::AccountId;
pub use arn::{Arn, Service};
pub use function::{FunctionName, FunctionReference, Qualifier};
pub use key::{Key, KeyRange};
pub use keyspace::Keyspace;
pub use region::Region;

/// Why a text is not a name; the message is fit to be shown to a caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NameError(pub String);

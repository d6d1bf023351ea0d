//! The conversation with user code: which interpreter runs it, what it finds around itself, the
//! Runtime API it pulls its events from or the channel they are pushed to it by, and the log lines that
//! come back.
//!
//! Knows processes and HTTP, but no sandbox's life and no function record: `pool` brings those together.

pub mod api;
pub mod channel;
pub mod compiled;
pub mod component;
mod conversation;
mod environment;
pub mod extensions;
pub mod failure;
pub mod generic;
mod identifier;
mod interpreter;
mod launch;
pub mod log;
pub mod packs;
pub mod report;
mod runtimes;
mod shims;
mod table;
pub mod telemetry;

pub use conversation::{Conversation, Pending};
pub use environment::{Session, Surroundings, environment, extension_environment, is_reserved};
pub use identifier::{Family, RuntimeId, UnknownRuntime};
pub use interpreter::{Interpreter, Kind, discover, discover_among};
pub use launch::{Base, ImageProgram, Launch, LaunchError, LaunchRequest};
pub use runtimes::{OpenError, RuntimeMissing, RuntimeReport, Runtimes};
pub use table::TableError;

//! The conversation with user code: which interpreter runs it, what it finds around itself, the
//! Runtime API it pulls its events from, and the log lines that come back.
//!
//! Knows processes and HTTP, but no sandbox's life and no function record: `pool` brings those together.

pub mod api;
mod identifier;
pub mod log;

pub use identifier::{Family, RuntimeId, UnknownRuntime};

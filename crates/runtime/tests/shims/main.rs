//! The shims, run by the interpreters of this machine without a sandbox, against the real Runtime API.

mod harness;
mod node;
mod python;

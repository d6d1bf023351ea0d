//! Sandboxes as hostile code sees them, and as the host sees them afterwards.
//!
//! Most need root: without it a sandbox lacks layers, and a test says so instead of passing for nothing.

mod crash;
mod image;
mod isolation;
mod lifecycle;
mod limits;
mod programs;
mod rootless;
mod template;
mod world;

//! Sandboxes as hostile code sees them, and as the host sees them afterwards.
//!
//! They need root: without it a sandbox lacks layers, and each test says which it cannot do without.

mod crash;
mod isolation;
mod lifecycle;
mod limits;
mod programs;
mod world;

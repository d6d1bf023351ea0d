//! Real functions in real sandboxes. Needs what the sandboxes need (root), Node, Python and bash.

mod compiled;
mod components;
mod custom;
mod extensions;
mod faults;
mod fixture;
mod lifecycle;
mod node;
mod packs;
mod prewarm;
mod provisioned;
mod python;
mod snapshot;
mod streams;
mod surroundings;

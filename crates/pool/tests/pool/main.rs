//! Real functions in real sandboxes. Needs what the sandboxes need (root), Node and Python.

mod fixture;
mod node;

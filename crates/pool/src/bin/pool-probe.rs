//! What the tests' sandboxes start as: the part of the `zerun` binary that they need.

fn main() {
    sandbox::init_main();
}

//! What the tests' sandboxes start as: the part of the `zerun` binary that they need.

fn main() -> std::process::ExitCode {
    if std::env::args_os().nth(1).is_some_and(|argument| argument == pool::COMPILE_ARGUMENT) {
        return pool::compile_main();
    }
    sandbox::init_main();
}

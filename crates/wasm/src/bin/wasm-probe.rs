//! What the tests' compilers start as: the part of the `zerun` binary that they need.

fn main() -> std::process::ExitCode {
    wasm::compile_main()
}

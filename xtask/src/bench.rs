//! `cargo xtask bench`: builds Zerun and `benches/` in release and runs the benches on it.

use std::process::Command;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[derive(clap::Args)]
pub struct Arguments {
    /// Passed to the bench program; `-- --help` lists what it takes
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

/// # Errors
/// A build that fails, or a bench that does.
pub fn run(arguments: &Arguments) -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let workspace = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    for words in [
        &["build", "--release", "--package", "server", "--package", "benches"] as &[&str],
        &["run", "--release", "--quiet", "--package", "benches", "--"],
    ] {
        let mut command = Command::new(&cargo);
        command.current_dir(workspace).args(words);
        if words.contains(&"run") {
            command.args(&arguments.rest);
        }
        let status = command.status()?;
        if !status.success() {
            return Err(format!("cargo {}: {status}", words.join(" ")).into());
        }
    }
    Ok(())
}

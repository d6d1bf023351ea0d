//! The project's chores: `cargo xtask <chore>`.

mod bench;
mod licences;
mod models;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "The project's chores")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Writes the wire types and tables of the operations we speak from botocore's service models
    Models(models::Arguments),
    /// Builds in release and prints tables of figures beside the bare thing each stands on
    Bench(bench::Arguments),
    /// Fails when a dependency's licence, name or source is not allowed by deny.toml
    Licences(licences::Arguments),
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    match Arguments::parse().chore {
        Chore::Models(arguments) => models::run(&arguments),
        Chore::Bench(arguments) => bench::run(&arguments),
        Chore::Licences(arguments) => licences::run(&arguments),
    }
}

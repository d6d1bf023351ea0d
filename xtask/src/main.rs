//! The project's chores: `cargo xtask <chore>`.

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
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    match Arguments::parse().chore {
        Chore::Models(arguments) => models::run(&arguments),
    }
}

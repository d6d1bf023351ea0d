//! What is fast and what is not, side by side in one run: Zerun beside the bare thing it stands on.
//!
//! Not a timed test: nothing here passes or fails by a figure. `cargo xtask bench` builds and runs it.

mod access;
mod client;
mod cold;
mod disk;
mod fixture;
mod floor;
mod invoke;
mod leak;
mod objects;
mod queues;
mod sample;
mod scale;
mod sign;
mod signed;
mod start;
mod table;
mod tables;
mod triggers;

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[derive(Parser)]
#[command(about = "Measures Zerun beside the bare thing it stands on, in one run")]
struct Arguments {
    /// The binary to measure; a release build, or the figures mean little
    #[arg(long, env = "ZERUN_BIN", default_value = "target/release/zerun")]
    zerun: PathBuf,
    /// Seconds of load for each throughput figure
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Cold starts of the leak test
    #[arg(long, default_value_t = 20_000)]
    starts: usize,
    /// Of the cold starts only those whose name contains this
    #[arg(long, default_value = "")]
    case: String,
    /// Items of the large table, messages of the deep queue
    #[arg(long, default_value_t = 1_000_000)]
    items: usize,
    /// `node_modules/.bin/dynalite`, as npm installs it, to measure beside tables
    #[arg(long)]
    dynalite: Option<PathBuf>,
    /// A folder with the jars of `org.elasticmq:elasticmq-server` and what it needs, to measure beside queues
    #[arg(long)]
    elasticmq: Option<PathBuf>,
    /// Where data is written; must be a real disk, or the durable figures mean nothing
    #[arg(long, default_value = "target")]
    disk: PathBuf,
    /// Which tables; all of them when none is named
    #[arg(value_enum)]
    only: Vec<Bench>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Bench {
    /// Exec to first served request, idle memory
    Start,
    /// Warm invocations against a bare Node HTTP server
    Invoke,
    /// Cold starts against the bare interpreter
    Cold,
    /// Bursts, and memory of instances
    Scale,
    /// 100,000 functions registered; only when it is named, since making them takes minutes
    Registered,
    /// Thousands of cold starts, and what is left behind; only when it is named, since it takes minutes
    Leak,
    /// 1 KiB and 1 GiB objects against the raw disk
    Objects,
    /// Items of tables, beside dynalite
    Tables,
    /// PutItem in a small table and in a large one; only when it is named, since filling it takes minutes
    Filled,
    /// Messages sent, received and deleted, beside ElasticMQ, and what it costs to wait for them
    Queues,
    /// How soon a function runs for a message
    Triggers,
    /// Messages in an empty queue and in one with many; only when it is named, since filling it takes minutes
    Deep,
    /// Decisions over many policies, and what signatures and decisions add to a request
    Access,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let zerun =
        arguments.zerun.canonicalize().map_err(|error| format!("{}: {error}", arguments.zerun.display()))?;
    let disk = tempfile::Builder::new().prefix("zerun-bench-").tempdir_in(&arguments.disk)?;
    let context = Context {
        zerun,
        disk: disk.path().canonicalize()?,
        seconds: arguments.seconds,
        starts: arguments.starts,
        case: arguments.case,
        items: arguments.items,
        dynalite: arguments.dynalite,
        elasticmq: arguments.elasticmq,
        clock: clock::Clock::real(),
    };
    let is_long = |bench| matches!(bench, Bench::Registered | Bench::Leak | Bench::Filled | Bench::Deep);
    let wanted = |bench| (arguments.only.is_empty() && !is_long(bench)) || arguments.only.contains(&bench);
    for (bench, run) in [
        (Bench::Start, start::run as fn(&Context) -> Result<()>),
        (Bench::Cold, cold::run),
        (Bench::Scale, scale::run),
        (Bench::Registered, scale::registered),
        (Bench::Leak, leak::run),
        (Bench::Invoke, invoke::run),
        (Bench::Objects, objects::run),
        (Bench::Tables, tables::run),
        (Bench::Filled, tables::filled),
        (Bench::Queues, queues::run),
        (Bench::Triggers, triggers::run),
        (Bench::Deep, queues::deep),
        (Bench::Access, access::run),
        (Bench::Access, signed::run),
    ] {
        if wanted(bench) {
            run(&context)?;
        }
    }
    Ok(())
}

/// What every bench is given.
pub struct Context {
    pub zerun: PathBuf,
    /// An empty directory on the disk to be measured, removed afterwards.
    pub disk: PathBuf,
    pub seconds: u64,
    /// How many cold starts the leak test makes.
    pub starts: usize,
    /// What the names of cold starts must contain.
    pub case: String,
    /// How many items the large table has.
    pub items: usize,
    pub dynalite: Option<PathBuf>,
    pub elasticmq: Option<PathBuf>,
    pub clock: clock::Clock,
}

//! The store beside bare SQLite, in one run on one disk: durable read-modify-writes, point reads and
//! scans. `cargo bench -p kv --profile dev [-- --keys N --seconds N --directory DIR]`.
//!
//! Bare SQLite is one thread that drains a channel, reads and writes each key, commits (WAL,
//! `synchronous=FULL`, checkpoints by SQLite itself) and answers: what anyone would write in an hour,
//! and the least that group commit costs.

#![expect(clippy::print_stdout, reason = "a bench prints its table")]

mod bare;
mod load;

use bare::Bare;
use clock::Clock;
use kv::{Kv, SqliteOptions};
use load::{Figures, Keys, Side, Work};
use std::path::PathBuf;
use std::time::Duration;

struct Settings {
    keys: u64,
    duration: Duration,
    directory: PathBuf,
}

fn settings() -> Settings {
    let mut settings =
        Settings { keys: 200_000, duration: Duration::from_secs(3), directory: std::env::temp_dir() };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next().and_then(|value| value.parse().ok()).expect("a number");
        match argument.as_str() {
            "--keys" => settings.keys = number(),
            "--seconds" => settings.duration = Duration::from_secs(number()),
            "--directory" => settings.directory = arguments.next().expect("a directory").into(),
            // `cargo bench` adds it.
            "--bench" => {}
            other => panic!("unknown argument {other}"),
        }
    }
    settings
}

#[tokio::main]
async fn main() {
    let settings = settings();
    let clock = Clock::real();
    let directory = tempfile::tempdir_in(&settings.directory).expect("a directory");
    let fsync = load::fsync(directory.path(), &clock);
    println!(
        "{} keys of 16 B, values of 200 B; fdatasync of 4 KiB: p50 {:.2?}, p99 {:.2?}",
        settings.keys, fsync.p50, fsync.p99
    );

    let keys = Keys::new(settings.keys);
    let kv = Kv::open(SqliteOptions::new(directory.path().join("kv")), clock.clone()).expect("a store");
    let bare = Bare::open(&directory.path().join("bare.sqlite"));
    load::fill(&Side::Store(kv.clone()), &keys).await;
    load::fill(&Side::Bare(bare.clone()), &keys).await;

    println!(
        "\n{:28} {:>10} {:>9} {:>9}   {:>10} {:>9} {:>9}   {:>6}",
        "durable read-modify-write", "store /s", "p50", "p99", "bare /s", "p50", "p99", "ratio"
    );
    for clients in [1, 16, 64, 256] {
        let before = kv.stats();
        let store =
            load::run(&Side::Store(kv.clone()), &keys, clients, Work::Write, settings.duration, &clock).await;
        let after = kv.stats();
        let baseline =
            load::run(&Side::Bare(bare.clone()), &keys, clients, Work::Write, settings.duration, &clock)
                .await;
        row(&format!("{clients} clients"), &store, &baseline);
        let commits = (after.commits - before.commits).max(1);
        println!(
            "  {:.1} transactions per commit, commit {:.2?}, {} checkpoints",
            (after.transactions - before.transactions) as f64 / commits as f64,
            (after.commit_time - before.commit_time) / u32::try_from(commits).unwrap_or(u32::MAX),
            after.checkpoints - before.checkpoints,
        );
    }

    println!(
        "\n{:28} {:>10} {:>9} {:>9}   {:>10} {:>9} {:>9}   {:>6}",
        "reads", "store /s", "p50", "p99", "bare /s", "p50", "p99", "ratio"
    );
    for (name, entries) in [("point reads", 1), ("scans of 100", 100)] {
        let work = Work::Read { entries };
        for clients in [1, 16] {
            let store =
                load::run(&Side::Store(kv.clone()), &keys, clients, work, settings.duration, &clock).await;
            let baseline =
                load::run(&Side::Bare(bare.clone()), &keys, clients, work, settings.duration, &clock).await;
            row(&format!("{name}, {clients} clients"), &store, &baseline);
        }
    }
    kv.close().await;
}

fn row(name: &str, store: &Figures, bare: &Figures) {
    println!(
        "{name:28} {:>10.0} {:>9.2?} {:>9.2?}   {:>10.0} {:>9.2?} {:>9.2?}   {:>6.2}",
        store.per_second,
        store.p50,
        store.p99,
        bare.per_second,
        bare.p50,
        bare.p99,
        store.per_second / bare.per_second,
    );
}

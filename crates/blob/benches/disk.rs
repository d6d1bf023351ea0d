//! Blobs beside the raw disk, in one run on one disk. `cargo bench -p blob --profile dev --bench disk
//! [-- --mib N --rounds N --directory DIR]`.
//!
//! The raw disk is what one thread gets that writes 1 MiB at a time and ends with fdatasync, and reads
//! 256 KiB at a time; for small bodies, 16 threads that make, write, fsync, rename and fsync the
//! directory. Reads come from the page cache on both sides.

#![expect(clippy::print_stdout, reason = "a bench prints its table")]

use blob::Blobs;
use bytes::Bytes;
use clock::Clock;
use futures_util::TryStreamExt;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::task::JoinSet;

const MIB: usize = 1024 * 1024;
const CLIENTS: usize = 16;
const SMALL_BYTES: usize = 64 * 1024;
const SMALL_EACH: usize = 50;

struct Settings {
    mib: usize,
    rounds: usize,
    directory: PathBuf,
}

fn settings() -> Settings {
    let mut settings = Settings { mib: 1024, rounds: 3, directory: std::env::temp_dir() };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next().and_then(|value| value.parse().ok()).expect("a number");
        match argument.as_str() {
            "--mib" => settings.mib = number(),
            "--rounds" => settings.rounds = number(),
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
    let directory = directory.path();
    let blobs = Blobs::local(directory.join("blobs"), clock.clone()).expect("blobs");
    let (raw, mib) = (directory.join("raw"), settings.mib);
    let mut times: [Vec<Duration>; 6] = Default::default();
    let mut lap = |at: usize, begun| {
        times[at].push(clock.since(begun));
        clock.moment()
    };
    for _ in 0..settings.rounds {
        let begun = clock.moment();
        raw_put(&raw, mib);
        let begun = lap(0, begun);
        raw_get(&raw);
        lap(1, begun);
        std::fs::remove_file(&raw).expect("removed");

        let begun = clock.moment();
        let id = put(&blobs, mib).await;
        let begun = lap(2, begun);
        assert_eq!(get(&blobs, &id).await, mib * MIB);
        lap(3, begun);
        blobs.delete(&id).await.expect("removed");

        let begun = clock.moment();
        raw_small(directory);
        let begun = lap(4, begun);
        small(&blobs).await;
        lap(5, begun);
    }
    let [raw_put, raw_get, put, get, raw_small, small] = times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2].as_secs_f64()
    });
    println!(
        "{:26} {:>10} {:>9} {:>12}",
        format!("medians of {} rounds", settings.rounds),
        "blobs",
        "raw",
        "ratio"
    );
    let row = |name: &str, mine: f64, raw: f64, amount: f64, unit: &str| {
        println!("{name:26} {:>10.0} {:>9.0} {unit:5} {:>6.2}", amount / mine, amount / raw, raw / mine);
    };
    row(&format!("put {mib} MiB, durable"), put, raw_put, mib as f64, "MiB/s");
    row(&format!("get {mib} MiB"), get, raw_get, mib as f64, "MiB/s");
    row("put 64 KiB, 16 clients", small, raw_small, (CLIENTS * SMALL_EACH) as f64, "/s");
}

async fn put(blobs: &Blobs, mib: usize) -> blob::BlobId {
    let piece = Bytes::from(vec![0xA5; 256 * 1024]);
    let mut writer = blobs.writer().await.expect("a writer");
    for _ in 0..mib * 4 {
        writer.write(piece.clone()).await.expect("a write");
    }
    writer.finish().await.expect("a blob")
}

async fn get(blobs: &Blobs, id: &blob::BlobId) -> usize {
    let mut stream = blobs.open(id, 0..u64::MAX).await.expect("a stream");
    let mut length = 0;
    while let Some(chunk) = stream.try_next().await.expect("a chunk") {
        length += chunk.len();
    }
    length
}

async fn small(blobs: &Blobs) {
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let blobs = blobs.clone();
        clients.spawn(async move {
            let body = Bytes::from(vec![0xA5; SMALL_BYTES]);
            for _ in 0..SMALL_EACH {
                let mut writer = blobs.writer().await.expect("a writer");
                writer.write(body.clone()).await.expect("a write");
                let id = writer.finish().await.expect("a blob");
                blobs.delete(&id).await.expect("removed");
            }
        });
    }
    clients.join_all().await;
}

fn raw_put(path: &Path, mib: usize) {
    let mut file = File::create(path).expect("a file");
    let block = vec![0xA5; MIB];
    for _ in 0..mib {
        file.write_all(&block).expect("a write");
    }
    file.sync_data().expect("fdatasync");
}

fn raw_get(path: &Path) {
    let mut file = File::open(path).expect("a file");
    let mut block = vec![0; 256 * 1024];
    while file.read(&mut block).expect("a read") > 0 {}
}

fn raw_small(directory: &Path) {
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            scope.spawn(move || {
                let body = vec![0xA5; SMALL_BYTES];
                for number in 0..SMALL_EACH {
                    let (from, to) = (format!("from-{client}-{number}"), format!("to-{client}-{number}"));
                    let mut file = File::create(directory.join(&from)).expect("a file");
                    file.write_all(&body).expect("a write");
                    file.sync_data().expect("fdatasync");
                    std::fs::rename(directory.join(from), directory.join(&to)).expect("renamed");
                    File::open(directory).expect("a directory").sync_all().expect("fsync");
                    std::fs::remove_file(directory.join(to)).expect("removed");
                }
            });
        }
    });
}

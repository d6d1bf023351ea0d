//! `kill -9` at random points: whatever was acknowledged is there, and nothing is torn.
//!
//! The test starts itself as a child that writes and says what was acknowledged; ten rounds, or as
//! many as the environment's `ZERUN_CRASH_ROUNDS` says.

use bytes::Bytes;
use clock::Clock;
use kv::{Kv, KvError, Read, SqliteOptions, Transaction};
use names::KeyRange;
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

const CLIENTS: u64 = 8;
const CHILD: &str = "ZERUN_CRASH_CHILD";

fn open(directory: &Path) -> Kv {
    // Checkpoints so often that kills meet them.
    let options = SqliteOptions { checkpoint_bytes: 256 * 1024, ..SqliteOptions::new(directory) };
    Kv::open(options, Clock::real()).unwrap()
}

fn key(side: u8, client: u64, number: u64) -> Vec<u8> {
    [&[side][..], &client.to_be_bytes(), &number.to_be_bytes()].concat()
}

fn range(side: u8, client: u64) -> KeyRange {
    KeyRange { start: key(side, client, 0), end: key(side, client, u64::MAX) }
}

/// Some bytes to several pages, different for each number.
fn value(client: u64, number: u64) -> Bytes {
    let length = (number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize % 9000;
    let seed = client.wrapping_add(number) as u8;
    (0..length).map(|i| (i as u8).wrapping_mul(31).wrapping_add(seed)).collect()
}

/// Writes both sides of the next number and counts them, in one transaction.
async fn write_next(kv: &Kv, client: u64) -> Result<u64, KvError> {
    kv.transact(async move |tx: &mut Transaction| {
        let last = tx.range_reverse(&range(b'a', client), 1).await?;
        let next = last.first().map_or(0, |(key, _)| u64::from_be_bytes(key[9..].try_into().unwrap()) + 1);
        let count =
            tx.get(b"count").await?.map_or(0, |bytes| u64::from_be_bytes(bytes[..].try_into().unwrap()));
        tx.put(key(b'a', client, next), value(client, next));
        tx.put(key(b'b', client, next), value(client, next));
        tx.put(b"count", (count + 1).to_be_bytes().to_vec());
        Ok(next)
    })
    .await
}

/// The child: not a test of its own, and nothing when it is run as one.
#[test]
fn child() {
    let Some(directory) = std::env::var_os(CHILD) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        let kv = open(Path::new(&directory));
        let clients = (0..CLIENTS).map(|client| {
            let kv = kv.clone();
            tokio::spawn(async move {
                loop {
                    let number = write_next(&kv, client).await.unwrap();
                    // One write per line: a line is whole or not there. Ends when the parent is gone.
                    let line = format!("acknowledged {client} {number}\n");
                    if std::io::stderr().write_all(line.as_bytes()).is_err() {
                        return;
                    }
                }
            })
        });
        futures_util::future::join_all(clients.collect::<Vec<_>>()).await;
    });
}

/// Starts the child, kills it after `lines` acknowledgements, and answers the last of each client.
fn run_and_kill(directory: &Path, lines: u64) -> HashMap<u64, u64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["child", "--exact", "--nocapture"])
        .env(CHILD, directory)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut acknowledged = HashMap::new();
    let mut note = |line: String| {
        let mut words = line.split(' ');
        assert_eq!(words.next(), Some("acknowledged"), "{line}");
        let mut number = || words.next().unwrap().parse::<u64>().unwrap();
        acknowledged.insert(number(), number());
    };
    for _ in 0..lines {
        note(told.next().unwrap().unwrap());
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // What was acknowledged before the signal arrived counts too; the kernel may cut the last line.
    for line in told.map_while(Result::ok).filter(|line| line.split(' ').count() == 3) {
        note(line);
    }
    acknowledged
}

async fn verify(kv: &Kv, acknowledged: &HashMap<u64, u64>) {
    let mut pairs = 0;
    for client in 0..CLIENTS {
        let (left, right) = (range(b'a', client), range(b'b', client));
        let left = kv.range(left, usize::MAX).await.unwrap();
        let right = kv.range(right, usize::MAX).await.unwrap();
        assert_eq!(left.len(), right.len(), "a torn transaction");
        for (number, ((a, left), (b, right))) in (0_u64..).zip(left.iter().zip(&right)) {
            assert_eq!(
                (a, b),
                (&Bytes::from(key(b'a', client, number)), &Bytes::from(key(b'b', client, number)))
            );
            assert_eq!((left, right), (&value(client, number), &value(client, number)));
        }
        let acknowledged = acknowledged.get(&client).map_or(0, |last| last + 1);
        assert!(left.len() as u64 >= acknowledged, "{} of {acknowledged} acknowledged", left.len());
        pairs += left.len() as u64;
    }
    let count = kv.get(b"count").await.unwrap();
    assert_eq!(count.map_or(0, |bytes| u64::from_be_bytes(bytes[..].try_into().unwrap())), pairs);
}

#[tokio::test]
async fn whatever_was_acknowledged_survives_a_kill() {
    let rounds = std::env::var("ZERUN_CRASH_ROUNDS").map_or(10, |rounds| rounds.parse().unwrap());
    let directory = tempfile::tempdir().unwrap();
    let clock = Clock::real();
    let mut kills = 0;
    while kills < rounds {
        // A store of its own now and then: kills soon after creation matter too, and files stay small.
        let store = directory.path().join((kills / 10).to_string());
        // Sometimes at once, sometimes far into the checkpoints.
        let lines = clock.random_u64() % [1, 10, 100, 1000][(clock.random_u64() % 4) as usize];
        let acknowledged = run_and_kill(&store, lines);
        let kv = open(&store);
        verify(&kv, &acknowledged).await;
        kv.close().await;
        kills += 1;
    }
}

use super::bare::Bare;
use clock::Clock;
use kv::{Kv, KvError, Read, Transaction};
use names::KeyRange;
use std::io::Write;
use std::path::Path;
use std::time::Duration;
use tokio::task::JoinSet;

#[derive(Clone)]
pub enum Side {
    Store(Kv),
    Bare(Bare),
}

/// The keys of the run, in random order.
#[derive(Clone, Copy)]
pub struct Keys(u64);

pub struct Figures {
    pub per_second: f64,
    pub p50: Duration,
    pub p99: Duration,
}

impl Keys {
    pub fn new(count: u64) -> Self {
        Keys(count)
    }

    /// 16 bytes whose order has nothing to do with `number`.
    fn key(self, number: u64) -> Vec<u8> {
        let mixed = (number % self.0).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        [mixed.to_be_bytes(), mixed.rotate_left(32).to_be_bytes()].concat()
    }
}

impl Side {
    async fn write(&self, key: Vec<u8>) {
        match self {
            Side::Bare(bare) => bare.write(key).await,
            Side::Store(kv) => {
                let written = kv.transact(async move |tx: &mut Transaction| {
                    let value = tx.get(&key).await?;
                    tx.put(&key, next_value(&key, value.as_deref()));
                    Ok::<_, KvError>(())
                });
                written.await.expect("a transaction");
            }
        }
    }

    async fn read(&self, key: Vec<u8>, length: usize) {
        match self {
            Side::Bare(bare) => drop(bare.read(key, length).await),
            Side::Store(kv) if length == 1 => assert!(kv.get(&key).await.expect("a read").is_some()),
            Side::Store(kv) => {
                let range = KeyRange { start: key, end: Vec::new() };
                kv.range(range, length).await.expect("a scan");
            }
        }
    }
}

/// 200 bytes, half of them compressible, that depend on what was there.
pub fn next_value(key: &[u8], before: Option<&[u8]>) -> Vec<u8> {
    let mut state =
        before.and_then(|value| value.first_chunk()).map_or(1, |first| u64::from_le_bytes(*first));
    let mut value = Vec::with_capacity(200);
    while value.len() < 100 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(u64::from(key[0]) | 1);
        value.extend_from_slice(&state.to_le_bytes());
    }
    value.resize(200, b'.');
    value
}

pub async fn fill(side: &Side, keys: &Keys) {
    let mut clients = JoinSet::new();
    for client in 0..1000 {
        let (side, keys) = (side.clone(), *keys);
        clients.spawn(async move {
            for number in (client..keys.0).step_by(1000) {
                side.write(keys.key(number)).await;
            }
        });
    }
    clients.join_all().await;
}

/// One request of a client.
#[derive(Clone, Copy)]
pub enum Work {
    Write,
    Read { entries: usize },
}

pub async fn run(
    side: &Side,
    keys: &Keys,
    clients: u64,
    work: Work,
    duration: Duration,
    clock: &Clock,
) -> Figures {
    let begun = clock.moment();
    let mut running = JoinSet::new();
    for _ in 0..clients {
        let (side, keys, clock) = (side.clone(), *keys, clock.clone());
        running.spawn(async move {
            let mut took = Vec::new();
            let mut number = clock.random_u64();
            while clock.since(begun) < duration {
                number =
                    number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let key = keys.key(number >> 20);
                let begun = clock.moment();
                match work {
                    Work::Write => side.write(key).await,
                    Work::Read { entries } => side.read(key, entries).await,
                }
                took.push(clock.since(begun));
            }
            took
        });
    }
    let took = running.join_all().await.concat();
    figures(took, clock.since(begun))
}

/// What one fdatasync of an overwritten 4 KiB costs here and now.
pub fn fsync(directory: &Path, clock: &Clock) -> Figures {
    use std::os::unix::fs::FileExt;
    let mut file = std::fs::File::create(directory.join("fsync")).expect("a file");
    file.write_all(&[0; 4096]).expect("a write");
    let begun = clock.moment();
    let took = (0..500).map(|round| {
        let begun = clock.moment();
        file.write_all_at(&[round as u8; 4096], 0).expect("a write");
        file.sync_data().expect("fdatasync");
        clock.since(begun)
    });
    let took = took.collect();
    figures(took, clock.since(begun))
}

fn figures(mut took: Vec<Duration>, elapsed: Duration) -> Figures {
    took.sort_unstable();
    let at = |part: usize| took.get(took.len() * part / 100).copied().unwrap_or_default();
    Figures { per_second: took.len() as f64 / elapsed.as_secs_f64(), p50: at(50), p99: at(99) }
}

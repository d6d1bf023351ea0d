//! How far a log has been read for a mapping.

use kv::{KvError, Read, Record, Transaction};
use names::{Key, Keyspace};
use serde::{Deserialize, Serialize};

/// Which part of a log: records of a shard are spread over as many lanes as are to be worked on at once, by their
/// partition. A lane's place is lost when the number of lanes changes; then all go on from the earliest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Lane {
    pub shard: u32,
    pub number: u32,
    pub of: u32,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Place {
    /// Of the first record that is not done.
    next: u64,
}

impl Record for Place {
    const KIND: &'static str = "place in an event source";
    const VERSION: u8 = 1;
}

/// `None`: no record of the shard was done yet.
pub(super) async fn get(from: &impl Read, mapping: &str, lane: &Lane) -> Result<Option<u64>, KvError> {
    let own: Option<Place> = kv::get_record(from, key(mapping, lane)).await?;
    if let Some(place) = own {
        return Ok(Some(place.next));
    }
    let mut earliest = None;
    for (_, bytes) in from.range(&of_shard(mapping, lane.shard).range(), LANES_MAX).await? {
        let next = kv::record::decode::<Place>(&bytes)?.next;
        earliest = Some(earliest.map_or(next, |before: u64| before.min(next)));
    }
    Ok(earliest)
}

pub(super) fn put(tx: &mut Transaction, mapping: &str, lane: &Lane, next: u64) {
    kv::put_record(tx, key(mapping, lane), &Place { next });
}

/// Forgets those of all divisions of a shard.
pub(super) async fn forget_shard(tx: &mut Transaction, mapping: &str, shard: u32) -> Result<(), KvError> {
    tx.delete_range(&of_shard(mapping, shard).range(), LANES_MAX).await.map(drop)
}

/// Forgets all of a mapping.
pub(super) async fn forget(tx: &mut Transaction, mapping: &str) -> Result<(), KvError> {
    let all = Key::new(Keyspace::EventSourcePlace).text(mapping).range();
    while tx.delete_range(&all, LANES_MAX).await? > 0 {}
    Ok(())
}

/// 10 lanes, and as many of any other division.
const LANES_MAX: usize = 128;

fn of_shard(mapping: &str, shard: u32) -> Key {
    Key::new(Keyspace::EventSourcePlace).text(mapping).number(u64::from(shard))
}

fn key(mapping: &str, lane: &Lane) -> Key {
    of_shard(mapping, lane.shard).number(u64::from(lane.of)).number(u64::from(lane.number))
}

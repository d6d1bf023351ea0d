//! How far a log has been read for a mapping.

use super::window::Window;
use kv::{KvError, Read, Record, Transaction};
use names::{Key, Keyspace};
use serde::{Deserialize, Serialize};

/// Which part of a log: records of a shard are spread over as many lanes as are to be worked on at once, by their
/// partition. A lane's place, and what was summed up of a window, is lost when the number of lanes changes; then all go
/// on from the earliest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Lane {
    pub shard: u32,
    pub number: u32,
    pub of: u32,
}

/// Where a lane goes on, and with what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// Of the first record that is not done.
    pub next: u64,
    /// The tumbling window that the lane is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// Seconds since 1970 (UTC): where the last window ended.
    #[serde(default)]
    pub windows_from_s: i64,
}

impl Record for Place {
    const KIND: &'static str = "place in an event source";
    const VERSION: u8 = 1;
}

impl Place {
    pub fn at(next: u64) -> Place {
        Place { next, ..Place::default() }
    }
}

/// `None`: no record of the shard was done yet.
pub(super) async fn get(from: &impl Read, mapping: &str, lane: &Lane) -> Result<Option<Place>, KvError> {
    let own: Option<Place> = kv::get_record(from, key(mapping, lane)).await?;
    if own.is_some() {
        return Ok(own);
    }
    let mut earliest: Option<u64> = None;
    for (_, bytes) in from.range(&of_shard(mapping, lane.shard).range(), LANES_MAX).await? {
        let next = kv::record::decode::<Place>(&bytes)?.next;
        earliest = Some(earliest.map_or(next, |before| before.min(next)));
    }
    Ok(earliest.map(Place::at))
}

pub(super) fn put(tx: &mut Transaction, mapping: &str, lane: &Lane, place: &Place) {
    kv::put_record(tx, key(mapping, lane), place);
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

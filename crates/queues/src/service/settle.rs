//! What came due: a delay or a lease that ended.

use super::work::{Work, less};
use crate::QueuesError;
use crate::group::{Group, last_numbers};
use crate::keys::{self, Place};
use kv::{Read, Transaction};
use names::KeyRange;

/// Rows moved in one transaction: writers wait for milliseconds at most.
pub(super) const STEP: usize = 500;

/// What waits, as its row has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub is_leased: bool,
    pub sent: u64,
    /// Of one that is delayed in a standard queue: its place among those that nobody received.
    pub order: u64,
    /// Empty in a standard queue.
    pub group: String,
}

impl Waiting {
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![u8::from(self.is_leased)];
        bytes.extend_from_slice(&self.sent.to_be_bytes());
        bytes.extend_from_slice(&self.order.to_be_bytes());
        bytes.extend_from_slice(self.group.as_bytes());
        bytes
    }

    pub fn decode(bytes: &[u8]) -> Option<Waiting> {
        let (&kind, rest) = bytes.split_first()?;
        let (sent, rest) = rest.split_first_chunk::<8>()?;
        let (order, group) = rest.split_first_chunk::<8>()?;
        Some(Waiting {
            is_leased: kind == 1,
            sent: u64::from_be_bytes(*sent),
            order: u64::from_be_bytes(*order),
            group: std::str::from_utf8(group).ok()?.to_owned(),
        })
    }
}

/// Of a queue: all that is due at `now`.
pub(crate) fn due(queue: u64, now: u64) -> KeyRange {
    let start = keys::all_waiting(queue).into_bytes();
    KeyRange { start, end: keys::waiting(queue, now + 1, 0).into_bytes() }
}

/// Moves at most [`STEP`] rows. Whether there may be more.
pub(super) async fn settle(tx: &mut Transaction, work: &mut Work) -> Result<bool, QueuesError> {
    let rows = tx.range(&due(work.number, work.now), STEP).await?;
    for (key, value) in &rows {
        let corrupt = QueuesError::Corrupt("order of what waits");
        let (Some((at, sequence)), Some(waiting)) = (last_numbers(key), Waiting::decode(value)) else {
            return Err(corrupt);
        };
        tx.delete(key);
        become_visible(tx, work, at, Place { sent: waiting.sent, sequence }, &waiting).await?;
    }
    Ok(rows.len() == STEP)
}

/// What waited until `due` and has been taken out of that order.
pub(super) async fn become_visible(
    tx: &mut Transaction,
    work: &mut Work,
    due: u64,
    place: Place,
    waiting: &Waiting,
) -> Result<(), QueuesError> {
    work.has_arrivals = true;
    work.count.visible += 1;
    match waiting.is_leased {
        true => less(&mut work.count.in_flight),
        false => less(&mut work.count.delayed),
    }
    if !work.is_fifo() {
        let key = match waiting.is_leased {
            true => keys::ready(work.number, keys::RETURNED, due, place.sequence),
            false => keys::ready(work.number, keys::FRESH, waiting.order, place.sequence),
        };
        tx.put(key, place.sent.to_be_bytes().to_vec());
        return Ok(());
    }
    if waiting.is_leased {
        let name = waiting.group.as_str();
        let mut group = Group::read(tx, work.number, name).await?;
        less(&mut group.in_flight);
        group.offer(tx, work.number, name, work.now).await?;
        group.write(tx, work.number, name);
    }
    Ok(())
}

//! Message groups, as far as something of them is kept: while they have messages.

use crate::{QueuesError, keys};
use kv::{Read, Transaction};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Group {
    /// Messages of it in the queue.
    pub length: u64,
    /// Of a standard queue: the last order given to one of its messages.
    #[serde(default)]
    pub last_order: u64,
    /// Of a FIFO queue: those that are in flight, which hold up the others.
    #[serde(default)]
    pub in_flight: u64,
    /// Of a FIFO queue: where it stands in the order of what may be received, if it does (time, sequence).
    #[serde(default)]
    pub ready: Option<(u64, u64)>,
}

impl kv::Record for Group {
    const KIND: &'static str = "message group";
    const VERSION: u8 = 1;
}

impl Group {
    pub async fn read(from: &impl Read, queue: u64, name: &str) -> Result<Group, QueuesError> {
        Ok(kv::get_record(from, keys::group(queue, name)).await?.unwrap_or_default())
    }

    /// One without messages is forgotten.
    pub fn write(&self, tx: &mut Transaction, queue: u64, name: &str) {
        match self.length {
            0 => tx.delete(keys::group(queue, name)),
            _ => kv::put_record(tx, keys::group(queue, name), self),
        }
    }

    /// Takes a FIFO group out of the order of what may be received.
    pub fn withdraw(&mut self, tx: &mut Transaction, queue: u64) {
        if let Some((at, sequence)) = self.ready.take() {
            tx.delete(keys::ready(queue, keys::RETURNED, at, sequence));
        }
    }

    /// Puts a FIFO group into the order of what may be received, for the first of its messages; unless some are in
    /// flight, or it stands there.
    pub async fn offer(
        &mut self,
        tx: &mut Transaction,
        queue: u64,
        name: &str,
        now: u64,
    ) -> Result<(), QueuesError> {
        if self.in_flight > 0 || self.ready.is_some() {
            return Ok(());
        }
        let first = tx.range(&keys::line(queue, name).range(), 1).await?;
        let Some((key, value)) = first.first() else { return Ok(()) };
        let sequence = last_number(key).ok_or(QueuesError::Corrupt("line of a group"))?;
        let (_, available) = two_numbers(value).ok_or(QueuesError::Corrupt("line of a group"))?;
        let at = available.max(now);
        tx.put(keys::ready(queue, keys::RETURNED, at, sequence), name.as_bytes().to_vec());
        self.ready = Some((at, sequence));
        Ok(())
    }
}

/// The number that a key ends with.
pub(crate) fn last_number(key: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(*key.last_chunk::<8>()?))
}

/// The last two.
pub(crate) fn last_numbers(key: &[u8]) -> Option<(u64, u64)> {
    let (rest, last) = key.split_last_chunk::<8>()?;
    Some((last_number(rest)?, u64::from_be_bytes(*last)))
}

pub(crate) fn two_numbers(value: &[u8]) -> Option<(u64, u64)> {
    let (first, rest) = value.split_first_chunk::<8>()?;
    Some((u64::from_be_bytes(*first), u64::from_be_bytes(rest.try_into().ok()?)))
}

pub(crate) fn pair(first: u64, second: u64) -> Vec<u8> {
    [first.to_be_bytes(), second.to_be_bytes()].concat()
}

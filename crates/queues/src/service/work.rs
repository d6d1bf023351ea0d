use super::known::Queue;
use super::wait::Waiters;
use crate::group::Group;
use crate::{Count, QueuesError, keys};
use kv::{Read, Transaction};
use std::sync::Arc;

/// What one transaction does in one queue; its counts are written when it is closed.
pub(super) struct Work {
    pub queue: Arc<Queue>,
    pub number: u64,
    pub now: u64,
    pub count: Count,
    before: Count,
    /// Something may be received that could not before, or may be earlier than before.
    pub has_arrivals: bool,
}

impl Work {
    pub async fn open(from: &impl Read, queue: Arc<Queue>, now: u64) -> Result<Work, QueuesError> {
        let number = queue.number;
        let count = Count::read(from, number).await?;
        Ok(Work { queue, number, now, count, before: count, has_arrivals: false })
    }

    pub fn close(self, tx: &mut Transaction, waiters: &Waiters) {
        if self.count != self.before {
            self.count.write(tx, self.number);
        }
        if self.has_arrivals && waiters.are_there(self.queue.identity) {
            tx.put(keys::arrival(self.queue.identity), Vec::new());
        }
    }

    pub fn is_fifo(&self) -> bool {
        self.queue.settings.is_fifo
    }

    /// Sent before this, a message is kept no longer.
    pub fn kept_since(&self) -> u64 {
        self.now.saturating_sub(u64::from(self.queue.settings.retention_seconds) * 1000)
    }

    pub fn next_sequence(&mut self) -> u64 {
        self.count.sequence += 1;
        self.count.sequence
    }

    /// The order of a newcomer to a standard queue, by start-time fair queueing: each group's messages follow one
    /// another at a distance of one, and begin where the queue is being served; so that a group with a few messages is
    /// not held up by one with many.
    pub async fn order(&mut self, tx: &mut Transaction, group: Option<&str>) -> Result<u64, QueuesError> {
        let Some(name) = group else {
            self.count.last_order = self.count.last_order.max(self.count.served) + 1;
            return Ok(self.count.last_order);
        };
        let mut group = Group::read(tx, self.number, name).await?;
        group.last_order = group.last_order.max(self.count.served) + 1;
        group.length += 1;
        group.write(tx, self.number, name);
        Ok(group.last_order)
    }
}

/// Counts are kept with every change: less than none would be a bug, and must not become a great number.
pub(super) fn less(count: &mut u64) {
    debug_assert!(*count > 0, "a count below none");
    *count = count.saturating_sub(1);
}

use super::subscription::Buffering;
use crate::report::{self, Event};
use clock::{Clock, Moment};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// What waits for one subscriber: at most `items_max` documents and twice `bytes_max` bytes. What finds it
/// full is dropped and counted.
pub(super) struct Queue {
    buffering: Buffering,
    clock: Clock,
    waiting: Mutex<Waiting>,
    changed: Notify,
    delivered: Notify,
}

#[derive(Default)]
struct Waiting {
    documents: VecDeque<Arc<str>>,
    bytes: usize,
    /// Of the oldest one.
    since: Option<Moment>,
    flush: bool,
    /// A batch is on its way.
    in_flight: bool,
    dropped_records: u64,
    dropped_bytes: u64,
}

const FELL_BEHIND: &str = "Consumer seems to have fallen behind as it has not acknowledged receipt of logs.";

impl Queue {
    pub fn new(buffering: Buffering, clock: Clock) -> Self {
        Queue {
            buffering,
            clock,
            waiting: Mutex::default(),
            changed: Notify::new(),
            delivered: Notify::new(),
        }
    }

    pub fn push(&self, document: Arc<str>) {
        {
            let mut waiting = self.waiting();
            let fits = waiting.documents.len() < self.buffering.items_max
                && waiting.bytes + document.len() <= 2 * self.buffering.bytes_max;
            if !fits {
                waiting.dropped_records += 1;
                waiting.dropped_bytes += document.len() as u64;
                return;
            }
            waiting.bytes += document.len();
            waiting.since.get_or_insert_with(|| self.clock.moment());
            waiting.documents.push_back(document);
        }
        self.changed.notify_one();
    }

    pub fn flush(&self) {
        self.waiting().flush = true;
        self.changed.notify_one();
    }

    /// The batch that was given last has been delivered, or could not be.
    pub fn done(&self, batch: &[Arc<str>], delivered: bool) {
        {
            let mut waiting = self.waiting();
            waiting.in_flight = false;
            if !delivered {
                waiting.dropped_records += batch.len() as u64;
                waiting.dropped_bytes += batch.iter().map(|document| document.len() as u64).sum::<u64>();
            }
        }
        self.delivered.notify_waiters();
    }

    /// Waits until nothing waits and nothing is on its way.
    pub async fn drained(&self) {
        loop {
            let delivered = self.delivered.notified();
            {
                let waiting = self.waiting();
                if waiting.documents.is_empty() && !waiting.in_flight {
                    return;
                }
            }
            delivered.await;
        }
    }

    /// Waits until there is enough, or something has waited long enough, or a flush is asked for; never
    /// empty. At most `items_max` documents, and `bytes_max` bytes unless the first alone has more.
    pub async fn batch(&self) -> Vec<Arc<str>> {
        loop {
            let left = {
                let mut waiting = self.waiting();
                let waited = waiting.since.map(|since| self.clock.since(since));
                let is_due = waiting.flush
                    || waiting.documents.len() >= self.buffering.items_max
                    || waiting.bytes >= self.buffering.bytes_max
                    || waited.is_some_and(|waited| waited >= self.buffering.timeout);
                if is_due && !waiting.documents.is_empty() {
                    return self.take(&mut waiting);
                }
                waited.map(|waited| self.buffering.timeout.saturating_sub(waited))
            };
            match left {
                Some(left) => tokio::select! {
                    () = self.changed.notified() => {}
                    () = self.clock.sleep(left) => {}
                },
                None => self.changed.notified().await,
            }
        }
    }

    fn take(&self, waiting: &mut Waiting) -> Vec<Arc<str>> {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while let Some(document) = waiting.documents.front() {
            let full = bytes + document.len() > self.buffering.bytes_max && !batch.is_empty();
            if full || batch.len() >= self.buffering.items_max {
                break;
            }
            bytes += document.len();
            batch.extend(waiting.documents.pop_front());
        }
        waiting.bytes = waiting.bytes.saturating_sub(bytes);
        waiting.in_flight = true;
        if waiting.documents.is_empty() {
            waiting.since = None;
            waiting.flush = false;
        }
        let records = std::mem::take(&mut waiting.dropped_records);
        let lost = std::mem::take(&mut waiting.dropped_bytes);
        if records > 0 {
            let event = Event::LogsDropped { reason: FELL_BEHIND, records, bytes: lost };
            batch.push(report::document(self.clock.now(), event.kind(), &event.record()).into());
        }
        batch
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clock::Timestamp;
    use std::time::Duration;

    fn queue(clock: &Clock) -> Queue {
        let buffering = Buffering { items_max: 3, bytes_max: 10, timeout: Duration::from_millis(100) };
        Queue::new(buffering, clock.clone())
    }

    async fn batch(queue: &Queue) -> String {
        queue.batch().await.join("|")
    }

    #[tokio::test]
    async fn batches_come_by_number_size_time_or_flush() {
        let clock = Clock::simulated(Timestamp::EPOCH, 1);
        let queue = queue(&clock);
        let push = |text: &str| queue.push(text.into());
        ["a", "b", "c"].into_iter().for_each(push);
        assert_eq!(batch(&queue).await, "a|b|c");
        ["12345678", "9abcdef"].into_iter().for_each(push);
        assert_eq!(batch(&queue).await, "12345678");
        clock.advance(Duration::from_millis(100));
        assert_eq!(batch(&queue).await, "9abcdef");
        push("x");
        queue.flush();
        assert_eq!(batch(&queue).await, "x");
        push("y");
        clock.advance(Duration::from_millis(99));
        let early = tokio::select! {
            biased;
            batch = queue.batch() => Some(batch),
            () = tokio::task::yield_now() => None,
        };
        assert_eq!(early, None);
    }

    #[tokio::test]
    async fn what_finds_it_full_is_counted_and_told() {
        let clock = Clock::simulated(Timestamp::EPOCH, 1);
        let queue = queue(&clock);
        for text in ["a", "b", "c", "d", "ee"] {
            queue.push(text.into());
        }
        let batch = queue.batch().await;
        assert_eq!(batch.len(), 4);
        let told: serde_json::Value = serde_json::from_str(&batch[3]).unwrap();
        assert_eq!(told["type"], "platform.logsDropped");
        assert_eq!(told["record"]["droppedRecords"], 2);
        assert_eq!(told["record"]["droppedBytes"], 3);
    }
}

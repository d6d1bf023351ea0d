use crate::changes::Changes;
use crate::engine::{View, WriteSide};
use crate::health::Health;
use crate::job::WriteJob;
use crate::stats::Counters;
use crate::watch::Watches;
use crate::{KvError, Transaction};
use bytes::Bytes;
use clock::Clock;
use std::rc::Rc;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Transactions in one batch, at most: bounds how long the first waits for the last.
const BATCH_LENGTH_MAX: usize = 4096;
/// Bytes written by one batch after which it takes no further transaction.
const BATCH_BYTES_MAX: usize = 16 * 1024 * 1024;

pub(crate) enum Message {
    Transact(Box<dyn WriteJob>),
    Close,
}

/// The one writer: runs transactions one after the other, so that they are serialisable without
/// locks, and commits all that wait as one batch, so that many share one fsync.
pub(crate) struct Writer {
    pub(crate) engine: Rc<dyn WriteSide>,
    pub(crate) inbox: mpsc::Receiver<Message>,
    pub(crate) clock: Clock,
    pub(crate) counters: Arc<Counters>,
    pub(crate) watches: Watches,
    pub(crate) health: Health,
    pub(crate) is_closing: bool,
}

#[derive(Default)]
struct Batch {
    jobs: Vec<Box<dyn WriteJob>>,
    written: Vec<Bytes>,
    bytes: usize,
}

impl Writer {
    /// Ends when told to close, or when no `Kv` is left; what was queued before is done first.
    pub(crate) fn run(mut self) {
        while !self.is_closing {
            match self.inbox.blocking_recv() {
                Some(Message::Transact(job)) => self.batch(job),
                Some(Message::Close) | None => self.is_closing = true,
            }
            if let Err(error) = self.engine.maintain() {
                self.failed("maintaining the store", &error);
            }
        }
        // Callers that were about to queue are answered `Closed`. The queue is not waited for: room in
        // it may be held by a caller that is never polled again.
        self.inbox.close();
        if let Err(error) = self.engine.close() {
            self.failed("closing the store", &error);
        }
    }

    fn batch(&mut self, first: Box<dyn WriteJob>) {
        let mut batch = Batch::default();
        let gathered = match self.health.check() {
            Ok(()) => self.engine.begin(),
            Err(error) => Err(error),
        };
        let gathered = match gathered {
            Ok(()) => self.gather(first, &mut batch),
            Err(error) => {
                batch.jobs.push(first);
                Err(error)
            }
        };
        let outcome = gathered.and_then(|()| self.commit(&batch));
        match &outcome {
            Ok(()) => self.watches.wake(batch.written),
            Err(error) => {
                self.failed("committing a batch", error);
                if let Err(error) = self.engine.rollback() {
                    self.health.poison(format!("a failed batch could not be undone: {error}"));
                }
            }
        }
        for job in batch.jobs {
            job.settle(outcome.clone());
        }
    }

    /// Runs `first` and whatever else waits. A failed closure leaves no trace in the batch; an error
    /// of the engine ends it.
    fn gather(&mut self, first: Box<dyn WriteJob>, batch: &mut Batch) -> Result<(), KvError> {
        let mut next = Some(first);
        while let Some(mut job) = next {
            let changes = job
                .is_wanted()
                .then(|| job.run(Transaction::over(Rc::clone(&self.engine) as Rc<dyn View>)))
                .flatten();
            batch.jobs.push(job);
            if let Some(changes) = changes {
                self.engine.apply(&changes)?;
                batch.wrote(changes);
            }
            next = match batch.is_full() {
                true => None,
                false => self.next_waiting(),
            };
        }
        Ok(())
    }

    fn next_waiting(&mut self) -> Option<Box<dyn WriteJob>> {
        match self.inbox.try_recv().ok()? {
            Message::Transact(job) => Some(job),
            Message::Close => {
                self.is_closing = true;
                None
            }
        }
    }

    fn failed(&self, doing: &str, error: &KvError) {
        tracing::error!(%error, "{doing} failed");
        if let KvError::Poisoned(reason) = error {
            self.health.poison(reason.clone());
        }
    }

    fn commit(&self, batch: &Batch) -> Result<(), KvError> {
        let begun = self.clock.moment();
        self.engine.commit()?;
        self.counters.committed(batch.jobs.len(), self.clock.since(begun));
        Ok(())
    }
}

impl Batch {
    fn wrote(&mut self, changes: Changes) {
        self.bytes = self.bytes.saturating_add(changes.bytes());
        self.written.extend(changes.into_keys());
    }

    fn is_full(&self) -> bool {
        self.jobs.len() >= BATCH_LENGTH_MAX || self.bytes >= BATCH_BYTES_MAX
    }
}

#[cfg(test)]
mod tests;

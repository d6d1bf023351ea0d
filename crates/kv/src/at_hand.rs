use crate::engine::{Direction, Entry, ReadSide, View};
use crate::job::ReadJob;
use crate::{KvError, Snapshot};
use bytes::Bytes;
use names::KeyRange;
use std::rc::Rc;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Readers that belong to no thread: whoever reads a few rows borrows one and reads at once. Two wake-ups of a thread
/// cost more than such a read does.
pub(crate) struct AtHand(Mutex<Option<Vec<Box<dyn ReadSide + Send>>>>);

/// A reader while it is borrowed.
struct Lent(Box<dyn ReadSide + Send>);

impl AtHand {
    pub(crate) fn new(readers: Vec<Box<dyn ReadSide + Send>>) -> Self {
        AtHand(Mutex::new(Some(readers)))
    }

    /// Runs the job on the calling thread; gives it back where no reader is free.
    pub(crate) fn run(&self, job: Box<dyn ReadJob>) -> Option<Box<dyn ReadJob>> {
        let Some(engine) = self.lock().as_mut().and_then(Vec::pop) else { return Some(job) };
        let lent = Rc::new(Lent(engine));
        match lent.0.begin() {
            Ok(()) => {
                job.run(Ok(Snapshot::of(Rc::clone(&lent) as Rc<dyn View>)));
                if let Err(error) = lent.0.end() {
                    tracing::error!(%error, "a snapshot could not be ended");
                }
            }
            Err(error) => job.run(Err(error)),
        }
        // The snapshot ended with the job, so that nobody else holds the reader; the store may have been closed.
        if let (Some(lent), Some(readers)) = (Rc::into_inner(lent), self.lock().as_mut()) {
            readers.push(lent.0);
        }
        None
    }

    pub(crate) fn close(&self) {
        self.lock().take();
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<Box<dyn ReadSide + Send>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl View for Lent {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, KvError> {
        self.0.get(key)
    }

    fn scan(&self, range: &KeyRange, limit: usize, direction: Direction) -> Result<Vec<Entry>, KvError> {
        self.0.scan(range, limit, direction)
    }
}

use crate::engine::{ReadSide, View};
use crate::job::ReadJob;
use crate::store::QUEUE_LENGTH_MAX;
use crate::{KvError, Snapshot};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use tokio::sync::Semaphore;

/// The queue that all readers take from: a job wakes one reader, and only if one sleeps.
pub(crate) struct ReadQueue {
    state: Mutex<State>,
    filled: Condvar,
    room: Semaphore,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Box<dyn ReadJob>>,
    is_closed: bool,
}

/// One reader thread: a snapshot per job.
pub(crate) struct Reader<'a> {
    pub(crate) engine: Rc<dyn ReadSide>,
    pub(crate) queue: &'a ReadQueue,
}

impl ReadQueue {
    pub(crate) fn new() -> Self {
        ReadQueue { state: Mutex::default(), filled: Condvar::new(), room: Semaphore::new(QUEUE_LENGTH_MAX) }
    }

    /// Waits while [`QUEUE_LENGTH_MAX`] jobs are queued.
    ///
    /// # Errors
    /// `Closed`.
    pub(crate) async fn push(&self, job: Box<dyn ReadJob>) -> Result<(), KvError> {
        // Given back by the reader that takes the job.
        self.room.acquire().await.map_err(|_| KvError::Closed)?.forget();
        let mut state = self.lock();
        if state.is_closed {
            return Err(KvError::Closed);
        }
        state.jobs.push_back(job);
        drop(state);
        self.filled.notify_one();
        Ok(())
    }

    /// What is queued is still done.
    pub(crate) fn close(&self) {
        self.room.close();
        self.lock().is_closed = true;
        self.filled.notify_all();
    }

    /// `None` once the queue is closed and empty.
    fn pop(&self) -> Option<Box<dyn ReadJob>> {
        let waits = |state: &mut State| state.jobs.is_empty() && !state.is_closed;
        let waited = self.filled.wait_while(self.lock(), waits);
        let job = waited.unwrap_or_else(PoisonError::into_inner).jobs.pop_front()?;
        self.room.add_permits(1);
        Some(job)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reader<'_> {
    pub(crate) fn run(self) {
        while let Some(job) = self.queue.pop() {
            match self.engine.begin() {
                Ok(()) => {
                    job.run(Ok(Snapshot::of(Rc::clone(&self.engine) as Rc<dyn View>)));
                    if let Err(error) = self.engine.end() {
                        tracing::error!(%error, "a snapshot could not be ended");
                    }
                }
                Err(error) => job.run(Err(error)),
            }
        }
    }
}

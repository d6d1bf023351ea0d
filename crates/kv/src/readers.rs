use crate::Snapshot;
use crate::engine::{ReadSide, View};
use crate::job::ReadJob;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc;

pub(crate) enum Message {
    Read(Box<dyn ReadJob>),
    Close,
}

/// The queue that all readers take from; gone once the store is closed.
pub(crate) type Inbox = Arc<Mutex<Option<mpsc::Receiver<Message>>>>;

/// One reader thread: a snapshot per job.
pub(crate) struct Reader {
    pub(crate) engine: Rc<dyn ReadSide>,
    pub(crate) inbox: Inbox,
}

impl Reader {
    pub(crate) fn run(self) {
        while let Some(job) = self.next() {
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

    /// `None` once the store is closed.
    ///
    /// One reader waits in the channel, the others for the lock: each job wakes one thread.
    fn next(&self) -> Option<Box<dyn ReadJob>> {
        let mut inbox = self.inbox.lock().unwrap_or_else(PoisonError::into_inner);
        match inbox.as_mut()?.blocking_recv()? {
            Message::Read(job) => Some(job),
            Message::Close => {
                *inbox = None;
                None
            }
        }
    }
}

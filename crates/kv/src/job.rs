use crate::changes::Changes;
use crate::{KvError, Snapshot, Transaction};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use tokio::sync::oneshot;

/// A transaction on its way through the writer: run, then settled once its batch's fate is known.
pub(crate) trait WriteJob: Send {
    /// Runs the closure; what it wrote is to be committed, or `None` when it failed.
    fn run(&mut self, transaction: Transaction) -> Option<Changes>;

    /// Whether anybody still waits for the answer.
    fn is_wanted(&self) -> bool;

    /// Gives the answer: the closure's own, or the batch's error. An `Err` of the closure too is only
    /// told here, since it may rest on what earlier transactions of the same batch wrote.
    fn settle(self: Box<Self>, batch: Result<(), KvError>);
}

pub(crate) trait ReadJob: Send {
    fn run(self: Box<Self>, snapshot: Result<Snapshot, KvError>);
}

pub(crate) struct Job<T, E, F> {
    work: F,
    answer: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Job<T, E, F> {
    pub(crate) fn new(work: F) -> (Box<Self>, oneshot::Receiver<Result<T, E>>) {
        let (reply, answer) = oneshot::channel();
        (Box::new(Job { work, answer: None, reply }), answer)
    }
}

impl<T, E, F> WriteJob for Job<T, E, F>
where
    F: AsyncFn(&mut Transaction) -> Result<T, E> + Send,
    T: Send,
    E: From<KvError> + Send,
{
    fn run(&mut self, mut transaction: Transaction) -> Option<Changes> {
        let answer = run_to_end(|| (self.work)(&mut transaction));
        let (answer, changes) = match answer {
            Ok(Ok(value)) => match transaction.finish() {
                Ok(changes) => (Ok(value), Some(changes)),
                Err(refused) => (Err(E::from(refused)), None),
            },
            Ok(Err(error)) => (Err(error), None),
            Err(failure) => (Err(E::from(failure)), None),
        };
        self.answer = Some(answer);
        changes
    }

    fn is_wanted(&self) -> bool {
        !self.reply.is_closed()
    }

    fn settle(self: Box<Self>, batch: Result<(), KvError>) {
        let answer = match (batch, self.answer) {
            (Err(error), _) => Err(E::from(error)),
            (Ok(()), Some(answer)) => answer,
            (Ok(()), None) => return,
        };
        // The caller may have gone; the transaction happened all the same.
        let _ = self.reply.send(answer);
    }
}

impl<T, E, F> ReadJob for Job<T, E, F>
where
    F: AsyncFn(&Snapshot) -> Result<T, E> + Send,
    T: Send,
    E: From<KvError> + Send,
{
    fn run(self: Box<Self>, snapshot: Result<Snapshot, KvError>) {
        if self.reply.is_closed() {
            return;
        }
        let answer = snapshot
            .and_then(|snapshot| run_to_end(|| (self.work)(&snapshot)))
            .unwrap_or_else(|error| Err(E::from(error)));
        let _ = self.reply.send(answer);
    }
}

/// Polls once: reads are answered at once by the embedded engines, so whatever is pending waits for
/// something foreign, and waiting here would hold up everybody's commits.
fn run_to_end<F: Future>(work: impl FnOnce() -> F) -> Result<F::Output, KvError> {
    // Unwind safety: what the closure may have left half done is its transaction, which is discarded.
    let polled = catch_unwind(AssertUnwindSafe(|| {
        let mut future = pin!(work());
        future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    }));
    match polled {
        Ok(Poll::Ready(output)) => Ok(output),
        Ok(Poll::Pending) => Err(KvError::ForeignAwait),
        Err(panic) => Err(KvError::Panicked(panic_text(&*panic))),
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message").to_owned()
}

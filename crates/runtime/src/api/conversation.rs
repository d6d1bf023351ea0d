use super::{ErrorReport, Invocation, Reply};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::{oneshot, watch};

/// Where one process stands, and the rule which of its calls is allowed when.
///
/// ```text
/// Starting ──next──▶ Idle ──invoke──▶ Handed ──next takes it──▶ Running ──response|error──▶ Answering
///    │                ▲                                                                       │
///    └─init/error─▶ Failed         └──────────────────────next────────────── Answered ◀──body read─┘
/// ```
#[derive(Debug)]
pub(super) struct Conversation {
    state: Mutex<State>,
    /// Whether `restore/next` is allowed.
    restores: AtomicBool,
    /// Told of every change of `state`.
    changes: watch::Sender<()>,
}

#[derive(Debug)]
enum State {
    Starting,
    /// Initialised ahead, in `restore/next`.
    Ahead,
    /// On its way from there to its first event.
    Restoring,
    Failed(ErrorReport),
    Idle,
    Handed(Box<Invocation>, oneshot::Sender<Reply>),
    Running {
        request_id: String,
        answer: oneshot::Sender<Reply>,
        takes_stream: bool,
    },
    Answering,
    Answered,
}

/// How a process came up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Initialised {
    Ready,
    Failed(ErrorReport),
}

/// The process has not asked for an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the process has not asked for an event")]
pub struct NotIdle;

/// A call that the state does not allow.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// Out of order.
    State(&'static str),
    /// For another invocation than the running one.
    RequestId,
}

/// An invocation on its way. Dropping it gives up waiting; it does not stop the process.
#[derive(Debug)]
pub struct Pending(oneshot::Receiver<Reply>);

impl Pending {
    /// The process's answer. Never resolves when the process does not answer.
    pub async fn reply(&mut self) -> Reply {
        match (&mut self.0).await {
            Ok(reply) => reply,
            // The sender was dropped unused: the connection went away inside the answer.
            Err(_) => Reply::Truncated,
        }
    }
}

impl Conversation {
    pub(super) fn new() -> Self {
        Conversation {
            state: Mutex::new(State::Starting),
            restores: AtomicBool::new(false),
            changes: watch::Sender::new(()),
        }
    }

    pub(super) async fn initialised(&self) -> Initialised {
        self.wait(|state| match state {
            State::Starting | State::Restoring => None,
            State::Failed(report) => Some(Initialised::Failed(report.clone())),
            _ => Some(Initialised::Ready),
        })
        .await
    }

    pub(super) async fn idle(&self) {
        self.wait(|state| matches!(state, State::Idle).then_some(())).await;
    }

    pub(super) fn invoke(&self, invocation: Invocation) -> Result<Pending, NotIdle> {
        let (answer, pending) = oneshot::channel();
        {
            let mut state = self.lock();
            if !matches!(*state, State::Idle) {
                return Err(NotIdle);
            }
            *state = State::Handed(Box::new(invocation), answer);
        }
        self.changes.send_replace(());
        Ok(Pending(pending))
    }

    pub(super) fn expect_restore(&self) {
        self.restores.store(true, Ordering::Release);
    }

    pub(super) fn restore(&self) -> Result<(), NotIdle> {
        {
            let mut state = self.lock();
            match *state {
                State::Ahead => *state = State::Restoring,
                State::Idle => {}
                _ => return Err(NotIdle),
            }
        }
        self.changes.send_replace(());
        Ok(())
    }

    /// Answers `restore/next`: waits until the process goes on.
    pub(super) async fn restore_next(&self) -> Result<(), Refused> {
        let refused = Refused::State("restore/next");
        {
            let mut state = self.lock();
            match *state {
                State::Starting if self.restores.load(Ordering::Acquire) => *state = State::Ahead,
                State::Ahead => {}
                _ => return Err(refused),
            }
        }
        self.changes.send_replace(());
        self.wait(|state| match state {
            State::Ahead => None,
            State::Restoring => Some(Ok(())),
            _ => Some(Err(Refused::State("restore/next"))),
        })
        .await
    }

    pub(super) fn failed_to_restore(&self, report: ErrorReport) -> Result<(), Refused> {
        {
            let mut state = self.lock();
            if !matches!(*state, State::Restoring) {
                return Err(Refused::State("restore/error"));
            }
            *state = State::Failed(report);
        }
        self.changes.send_replace(());
        Ok(())
    }

    /// Answers `invocation/next`: waits for an event. A second call while one is waiting waits too.
    pub(super) async fn next(&self) -> Result<Invocation, Refused> {
        let mut was_waiting = false;
        let mut changes = self.changes.subscribe();
        loop {
            match self.try_next(was_waiting)? {
                Some(invocation) => return Ok(invocation),
                None => was_waiting = true,
            }
            // The sender is in `self`, so this cannot fail.
            let _ = changes.changed().await;
        }
    }

    fn try_next(&self, was_waiting: bool) -> Result<Option<Invocation>, Refused> {
        let mut state = self.lock();
        match std::mem::replace(&mut *state, State::Idle) {
            State::Starting | State::Restoring | State::Answered => {
                drop(state);
                self.changes.send_replace(());
                Ok(None)
            }
            State::Idle => Ok(None),
            State::Handed(invocation, answer) => {
                *state = State::Running {
                    request_id: invocation.request_id.clone(),
                    answer,
                    takes_stream: invocation.takes_stream,
                };
                Ok(Some(*invocation))
            }
            busy => {
                *state = busy;
                if was_waiting { Ok(None) } else { Err(Refused::State("invocation/next")) }
            }
        }
    }

    /// Claims the right to answer invocation `request_id`. The caller then sends the [`Reply`], and drops
    /// the claim when the body has been read; dropping it unused counts as an answer cut short.
    pub(super) fn begin_answer(&self, request_id: &str) -> Result<Answer<'_>, Refused> {
        let mut state = self.lock();
        match std::mem::replace(&mut *state, State::Answering) {
            State::Running { request_id: running, answer, takes_stream } if running == request_id => {
                Ok(Answer { conversation: self, answer: Some(answer), takes_stream })
            }
            other => {
                let refused = match &other {
                    State::Running { .. } => Refused::RequestId,
                    _ => Refused::State("invocation response or error"),
                };
                *state = other;
                Err(refused)
            }
        }
    }

    /// Whether `init/error` is allowed now.
    pub(super) fn may_fail_to_start(&self) -> Result<(), Refused> {
        match *self.lock() {
            State::Starting => Ok(()),
            _ => Err(Refused::State("init/error")),
        }
    }

    pub(super) fn failed_to_start(&self, report: ErrorReport) -> Result<(), Refused> {
        {
            let mut state = self.lock();
            if !matches!(*state, State::Starting) {
                return Err(Refused::State("init/error"));
            }
            *state = State::Failed(report);
        }
        self.changes.send_replace(());
        Ok(())
    }

    async fn wait<T>(&self, mut found: impl FnMut(&State) -> Option<T>) -> T {
        let mut changes = self.changes.subscribe();
        loop {
            if let Some(value) = found(&self.lock()) {
                return value;
            }
            let _ = changes.changed().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The claim to answer the running invocation.
pub(super) struct Answer<'a> {
    conversation: &'a Conversation,
    answer: Option<oneshot::Sender<Reply>>,
    /// As in [`Invocation`].
    pub takes_stream: bool,
}

impl Answer<'_> {
    /// Only the first one counts.
    pub(super) fn send(&mut self, reply: Reply) {
        if let Some(answer) = self.answer.take() {
            // Nobody may be waiting any more (the deadline passed); the state still moves on.
            let _ = answer.send(reply);
        }
    }
}

impl Drop for Answer<'_> {
    fn drop(&mut self) {
        *self.conversation.lock() = State::Answered;
        self.send(Reply::Truncated);
        self.conversation.changes.send_replace(());
    }
}

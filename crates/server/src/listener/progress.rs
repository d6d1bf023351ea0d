use api::ResponseBody;
use bytes::Bytes;
use clock::{Clock, Moment};
use hyper::body::{Body, Frame, SizeHint};
use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

/// What one connection is doing: whether anything was asked of it, and whether its client takes the answers.
///
/// An answer that waits for what makes it (a function that streams, say) is no fault of the client's; one
/// whose last piece nobody has fetched on is.
#[derive(Debug, Clone)]
pub(super) struct Progress(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    requests: usize,
    /// When the last request ended, or the connection began.
    quiet_since: Moment,
    /// Answers of which a piece was handed out, and when, while the next has not been asked for.
    /// At most one entry a request.
    handed_out: HashMap<u64, Moment>,
    next_id: u64,
}

/// What to do with a connection.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing before so much time has gone by.
    Wait(Duration),
    /// Nobody has asked for anything in a long time.
    Idle,
    /// The client does not take what it asked for.
    Stuck,
}

impl Progress {
    pub fn new(clock: &Clock) -> Progress {
        let state =
            State { requests: 0, quiet_since: clock.moment(), handed_out: HashMap::new(), next_id: 0 };
        Progress(Arc::new(Inner { clock: clock.clone(), state: Mutex::new(state) }))
    }

    /// A request has come; it lasts until the returned value, or the body made of it, is dropped.
    pub fn request(&self) -> Exchange {
        let mut state = self.lock();
        state.requests += 1;
        state.next_id += 1;
        Exchange { progress: self.clone(), id: state.next_id }
    }

    pub fn verdict(&self, idle_max: Duration, stall_max: Duration) -> Verdict {
        let clock = &self.0.clock;
        let state = self.lock();
        let left =
            |since: Moment, max: Duration| max.checked_sub(clock.since(since)).filter(|left| !left.is_zero());
        let stalled = state.handed_out.values().map(|since| left(*since, stall_max)).min();
        match (stalled, state.requests) {
            (Some(None), _) => Verdict::Stuck,
            (Some(Some(left)), _) => Verdict::Wait(left),
            (None, 0) => left(state.quiet_since, idle_max).map_or(Verdict::Idle, Verdict::Wait),
            (None, _) => Verdict::Wait(idle_max.min(stall_max)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request and its answer.
#[derive(Debug)]
pub(super) struct Exchange {
    progress: Progress,
    id: u64,
}

impl Exchange {
    pub fn body(self, body: ResponseBody) -> Watched {
        Watched { body, exchange: self }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let now = self.progress.0.clock.moment();
        let mut state = self.progress.lock();
        state.handed_out.remove(&self.id);
        state.requests = state.requests.saturating_sub(1);
        state.quiet_since = now;
    }
}

/// The answer's body.
pub(super) struct Watched {
    body: ResponseBody,
    exchange: Exchange,
}

impl Body for Watched {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        let id = self.exchange.id;
        self.exchange.progress.lock().handed_out.remove(&id);
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if matches!(polled, Poll::Ready(Some(Ok(_)))) {
            let progress = &self.exchange.progress;
            let now = progress.0.clock.moment();
            progress.lock().handed_out.insert(id, now);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clock::Timestamp;
    use http_body_util::{BodyExt, Full, StreamBody};
    use std::task::Waker;

    const IDLE: Duration = Duration::from_secs(60);
    const STALL: Duration = Duration::from_secs(120);

    fn poll(body: &mut Watched) -> bool {
        Pin::new(body).poll_frame(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    fn check(progress: &Progress, expected: Verdict) {
        assert_eq!(progress.verdict(IDLE, STALL), expected);
    }

    #[test]
    fn a_connection_is_idle_when_nothing_was_asked_for_long() {
        let clock = Clock::simulated(Timestamp::EPOCH, 1);
        let progress = Progress::new(&clock);
        clock.advance(Duration::from_secs(20));
        check(&progress, Verdict::Wait(Duration::from_secs(40)));
        let exchange = progress.request();
        clock.advance(10 * IDLE);
        check(&progress, Verdict::Wait(IDLE));
        drop(exchange);
        check(&progress, Verdict::Wait(IDLE));
        clock.advance(IDLE);
        check(&progress, Verdict::Idle);
    }

    #[test]
    fn a_client_is_stuck_when_it_does_not_fetch_the_next_piece() {
        let clock = Clock::simulated(Timestamp::EPOCH, 1);
        let progress = Progress::new(&clock);
        let whole = Full::new(Bytes::from_static(b"a")).map_err(|never| match never {}).boxed_unsync();
        let mut slow = progress.request().body(whole);
        let pending = StreamBody::new(futures_util::stream::pending()).boxed_unsync();
        let mut waiting = progress.request().body(pending);
        assert!(poll(&mut slow) && !poll(&mut waiting));
        clock.advance(Duration::from_secs(100));
        check(&progress, Verdict::Wait(Duration::from_secs(20)));
        clock.advance(Duration::from_secs(20));
        check(&progress, Verdict::Stuck);
        // It does after all; who waits for the answer's maker is not at fault.
        assert!(poll(&mut slow));
        check(&progress, Verdict::Wait(IDLE));
        drop((slow, waiting));
        check(&progress, Verdict::Wait(IDLE));
    }
}

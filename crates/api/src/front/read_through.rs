//! Whether a request's body was read to its end. Where it was not, the connection cannot serve another request: what is
//! left would be taken for one. The client has to be told, or it sends its next request into a connection that is closed.

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

/// A body that notes when it ended.
pub(super) struct Watched<B> {
    body: B,
    ended: Arc<AtomicBool>,
}

/// What was noted.
pub(super) struct Ended(Arc<AtomicBool>);

pub(super) fn watched<B: Body>(body: B) -> (Watched<B>, Ended) {
    let ended = Arc::new(AtomicBool::new(body.is_end_stream()));
    (Watched { body, ended: ended.clone() }, Ended(ended))
}

impl Ended {
    pub fn is_so(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Watched<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if matches!(polled, Poll::Ready(None)) || self.body.is_end_stream() {
            self.ended.store(true, Ordering::Relaxed);
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

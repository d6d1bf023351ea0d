//! The response of a URL that answers as the function writes.

use super::{answer, prelude};
use crate::front::ResponseBody;
use crate::front::respond::{open, whole};
use bytes::{Bytes, BytesMut};
use functions::{Answer, StreamedAnswer};
use futures_util::{Stream, StreamExt, stream};
use http::Response;
use std::io;

/// The head of the answer, with a body that follows the function. An answer that is no stream is passed on
/// as it is: here nothing takes its `statusCode` apart.
///
/// `None`: it failed, or its prelude is none, which the caller is told as a 502.
pub(super) async fn respond(answer: Answer) -> Option<Response<ResponseBody>> {
    match answer {
        Answer::Whole(outcome) if outcome.function_error.is_some() => None,
        Answer::Whole(outcome) if prelude::announced_by(&outcome.content_type) => {
            let (head, body) = prelude::split(&outcome.payload)?;
            Some(head.map(|()| whole(body)))
        }
        Answer::Whole(outcome) => Some(answer::raw(&outcome).map(whole)),
        Answer::Streamed(mut answer) if prelude::announced_by(answer.content_type()) => {
            let (head, first) = read_prelude(&mut answer).await?;
            Some(head.map(|()| open(body(first, answer))))
        }
        Answer::Streamed(answer) => {
            let content_type = answer.content_type().to_owned();
            Some(answer::typed(open(body(Bytes::new(), answer)), &content_type))
        }
    }
}

async fn read_prelude(answer: &mut StreamedAnswer) -> Option<(Response<()>, Bytes)> {
    let mut read = BytesMut::new();
    loop {
        // A separator that begins in what was searched before ends in what is new.
        let searched = read.len().saturating_sub(prelude::SEPARATOR.len() - 1);
        read.extend_from_slice(&answer.next().await?);
        if prelude::end(read.get(searched..).unwrap_or_default()).is_some() {
            return prelude::split(&read.freeze());
        }
        if read.len() > prelude::BYTES_MAX {
            return None;
        }
    }
}

/// An answer that was cut short ends in an error, so that nobody takes it for the whole.
fn body(first: Bytes, answer: StreamedAnswer) -> impl Stream<Item = io::Result<Bytes>> + Send {
    let first = (!first.is_empty()).then_some(Ok(first));
    let rest = stream::unfold(Some(answer), |answer| async move {
        let mut answer = answer?;
        if let Some(bytes) = answer.next().await {
            return Some((Ok(bytes), Some(answer)));
        }
        match answer.end().await {
            Ok(ended) if ended.broken_off.is_none() => None,
            _ => {
                // What was given before is sent when there is nothing more for the moment; an error right
                // after it would take it along, the head of the response included.
                tokio::task::yield_now().await;
                Some((Err(io::Error::other("the function failed in the middle of its answer")), None))
            }
        }
    });
    stream::iter(first).chain(rest)
}

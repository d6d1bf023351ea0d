use super::answer::Streamed;
use crate::AnswerSink;
use crate::answer_stream::StreamVerdict;
use bytes::Bytes;
use clock::Clock;
use runtime::api::{ErrorReport, RESPONSE_BYTES_MAX, ResponseStream, StreamEnd, StreamEnding};
use std::time::Duration;
use tokio::task::JoinHandle;

/// Where the answer of one invocation goes.
pub(super) enum Delivery {
    /// Back to the caller, who may take it as a stream.
    Waiting(Option<AnswerSink>),
    /// A stream for a caller who takes none: kept until it is whole.
    Collected { content_type: String, collecting: JoinHandle<(Bytes, u64, StreamEnd)> },
    /// A stream that the caller reads as it comes.
    Passed { ending: StreamEnding, verdict: StreamVerdict },
}

impl Delivery {
    /// The process begins to stream: sees to it that somebody reads.
    pub fn begin(self, stream: ResponseStream, executed_version: &str) -> Delivery {
        match self {
            Delivery::Waiting(Some(sink)) => {
                let ending = stream.ending();
                Delivery::Passed { ending, verdict: sink.begin(executed_version.to_owned(), stream) }
            }
            _ => Delivery::Collected {
                content_type: stream.content_type.clone(),
                collecting: tokio::spawn(stream.collect(RESPONSE_BYTES_MAX)),
            },
        }
    }

    /// The stream as far as it is there, now that the process is through with it. `None`: no end of it came
    /// within `patience`, or it was cut short; or there was none.
    pub async fn streamed(&mut self, clock: &Clock, patience: Duration) -> Option<Streamed> {
        let streamed = match self {
            Delivery::Waiting(_) => return None,
            Delivery::Collected { content_type, collecting } => {
                let (body, size, end) = clock.timeout(patience, collecting).await?.ok()?;
                Streamed { body: Some(body), content_type: content_type.clone(), size, end }
            }
            Delivery::Passed { ending, .. } => {
                let (end, size) = clock.timeout(patience, ending.wait()).await?;
                Streamed { body: None, content_type: String::new(), size, end }
            }
        };
        (streamed.end != StreamEnd::Truncated).then_some(streamed)
    }

    /// Tells whoever reads a stream how the invocation went. Whether somebody does.
    pub fn finish(self, error: Option<ErrorReport>) -> bool {
        match self {
            Delivery::Waiting(_) => false,
            Delivery::Collected { collecting, .. } => {
                collecting.abort();
                false
            }
            Delivery::Passed { verdict, .. } => {
                verdict.tell(error);
                true
            }
        }
    }
}

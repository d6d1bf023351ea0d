use super::answer::Streamed;
use crate::answer_stream::StreamVerdict;
use crate::{AnswerSink, Outcome};
use bytes::Bytes;
use clock::Clock;
use runtime::api::{ErrorReport, RESPONSE_BYTES_MAX, ResponseStream, StreamEnd, StreamEnding};
use std::time::Duration;
use tokio::task::JoinHandle;

/// Where the answer of one invocation goes.
pub(super) enum Delivery {
    /// Back to the caller, who may take it early.
    Waiting(Option<AnswerSink>),
    /// A stream for a caller who takes none: kept until it is whole.
    Collected {
        content_type: String,
        collecting: JoinHandle<(Bytes, u64, StreamEnd)>,
        sink: Option<AnswerSink>,
    },
    /// A stream that the caller reads as it comes.
    Passed { ending: StreamEnding, verdict: StreamVerdict },
}

impl Delivery {
    /// The process begins to stream: sees to it that somebody reads.
    pub fn begin(self, stream: ResponseStream, executed_version: &str) -> Delivery {
        let ending = stream.ending();
        let (sink, stream) = match self {
            Delivery::Waiting(Some(sink)) => match sink.begin(executed_version, stream) {
                Ok(verdict) => return Delivery::Passed { ending, verdict },
                Err((sink, stream)) => (Some(sink), stream),
            },
            _ => (None, stream),
        };
        Delivery::Collected {
            content_type: stream.content_type.clone(),
            collecting: tokio::spawn(stream.collect(RESPONSE_BYTES_MAX)),
            sink,
        }
    }

    /// Whether the caller reads a stream as it comes.
    pub fn takes_stream(&self) -> bool {
        matches!(self, Delivery::Waiting(Some(sink)) if sink.takes_stream())
    }

    /// Whether a whole answer can leave before the invocation's end.
    pub fn takes_early(&self) -> bool {
        matches!(self, Delivery::Waiting(Some(_)) | Delivery::Collected { sink: Some(_), .. })
    }

    /// Lets the caller go with the answer.
    pub fn early(&mut self, outcome: Outcome) {
        let (Delivery::Waiting(sink) | Delivery::Collected { sink, .. }) = self else { return };
        if let Some(sink) = sink.take() {
            sink.whole(outcome);
        }
    }

    /// The stream as far as it is there, now that the process is through with it. `None`: no end of it came
    /// within `patience`, or it was cut short; or there was none.
    pub async fn streamed(&mut self, clock: &Clock, patience: Duration) -> Option<Streamed> {
        let streamed = match self {
            Delivery::Waiting(_) => return None,
            Delivery::Collected { content_type, collecting, .. } => {
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

//! An answer that leaves while the code is still writing it.
//!
//! The invocation holds the [`AnswerSink`], whoever speaks to the caller waits for the [`AnswerStream`].
//! A slow reader holds the code up; one that has gone does not: the code goes on to its end, as Lambda's
//! does, and what it writes is thrown away.

use bytes::Bytes;
use runtime::api::{ErrorReport, ResponseStream, StreamEnd};
use runtime::failure;
use tokio::sync::oneshot;

/// Where an invocation puts its answer, if the code streams one. Unused when it answers whole.
#[derive(Debug)]
pub struct AnswerSink {
    begun: oneshot::Sender<Begun>,
    verdict: oneshot::Sender<Verdict>,
}

/// Why the stream was cut short, if it was.
type Verdict = Option<BrokenOff>;

#[derive(Debug)]
struct Begun {
    executed_version: String,
    response: ResponseStream,
}

/// A stream that may come.
#[derive(Debug)]
pub struct ExpectedStream {
    begun: oneshot::Receiver<Begun>,
    verdict: oneshot::Receiver<Verdict>,
}

/// A stream that has begun. Dropping it throws the rest away, and does not stop the code.
#[derive(Debug)]
pub struct AnswerStream {
    /// `$LATEST` or a number.
    pub executed_version: String,
    response: ResponseStream,
    verdict: oneshot::Receiver<Verdict>,
    /// What the verdict was, once it is there: then nothing more is to arrive.
    told: Option<Result<Verdict, CutOff>>,
}

/// What cut a stream short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenOff {
    /// JSON, normally `{"errorMessage", "errorType", …}`: as the code wrote it, or the platform's.
    pub document: Bytes,
    /// `Runtime.…`, `Function.…` or `Sandbox.…`.
    pub error_type: String,
}

/// The invocation ended without a word, because the server is going down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the invocation was cut off")]
pub struct CutOff;

/// The two ends of one answer.
pub fn answer_stream() -> (AnswerSink, ExpectedStream) {
    let (begun, begun_read) = oneshot::channel();
    let (verdict, verdict_read) = oneshot::channel();
    (AnswerSink { begun, verdict }, ExpectedStream { begun: begun_read, verdict: verdict_read })
}

impl AnswerSink {
    /// Hands the stream to its reader, who is to be told with the returned sender how it went.
    pub(crate) fn begin(self, executed_version: String, response: ResponseStream) -> StreamVerdict {
        // A reader that has gone drops the stream, which lets the code write on.
        let _ = self.begun.send(Begun { executed_version, response });
        StreamVerdict(self.verdict)
    }
}

/// Tells the reader how the invocation ended; dropped, that it was cut off.
#[derive(Debug)]
pub(crate) struct StreamVerdict(oneshot::Sender<Verdict>);

impl StreamVerdict {
    /// Everything that is to be read has arrived.
    pub fn tell(self, broken_off: Option<ErrorReport>) {
        let _ = self.0.send(broken_off.map(BrokenOff::from));
    }
}

impl From<ErrorReport> for BrokenOff {
    fn from(report: ErrorReport) -> Self {
        BrokenOff { document: report.body, error_type: report.error_type }
    }
}

impl ExpectedStream {
    /// Resolves when the code begins to stream; `None` when it never will.
    pub async fn begun(self) -> Option<AnswerStream> {
        let Begun { executed_version, response } = self.begun.await.ok()?;
        Some(AnswerStream { executed_version, response, verdict: self.verdict, told: None })
    }
}

impl AnswerStream {
    /// As the code gave it.
    pub fn content_type(&self) -> &str {
        &self.response.content_type
    }

    /// The next bytes, at most 64 KiB. `None` after the last, also of a stream that was cut short.
    pub async fn next(&mut self) -> Option<Bytes> {
        if self.told.is_none() {
            tokio::select! {
                biased;
                chunk = self.response.chunk() => return chunk,
                verdict = &mut self.verdict => self.told = Some(verdict.map_err(|_| CutOff)),
            }
        }
        self.response.arrived()
    }

    /// Why the stream was cut short, if it was; to be asked after the last piece.
    ///
    /// # Errors
    /// [`CutOff`]
    pub async fn end(self) -> Result<Option<BrokenOff>, CutOff> {
        if let Some(told) = self.told {
            return told;
        }
        match self.response.end().await {
            StreamEnd::Complete => Ok(None),
            StreamEnd::BrokenOff(report) => Ok(Some(report.into())),
            StreamEnd::TooLarge => Ok(Some(failure::stream_too_large().into())),
            // Why, only the invocation can say.
            StreamEnd::Truncated => self.verdict.await.map_err(|_| CutOff),
        }
    }
}

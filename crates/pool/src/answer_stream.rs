//! An answer that leaves before its invocation has ended: while the code is still writing it, or while
//! extensions are still at work.
//!
//! The invocation holds the [`AnswerSink`], whoever speaks to the caller waits for what comes of the
//! [`ExpectedAnswer`].
//! A slow reader holds the code up; one that has gone does not: the code goes on to its end, as Lambda's
//! does, and what it writes is thrown away.

use crate::Outcome;
use bytes::Bytes;
use runtime::api::{ErrorReport, ResponseStream, StreamEnd};
use runtime::failure;
use tokio::sync::oneshot;

/// Where an invocation puts its answer, if that is there before its end. Otherwise unused.
#[derive(Debug)]
pub struct AnswerSink {
    begun: oneshot::Sender<Begun>,
    /// `None`: the caller takes no stream.
    verdict: Option<oneshot::Sender<Verdict>>,
}

/// Why the stream was cut short, if it was.
type Verdict = Option<BrokenOff>;

#[derive(Debug)]
enum Begun {
    Whole(Box<Outcome>),
    Stream { executed_version: String, response: ResponseStream },
}

/// An answer that may come early.
#[derive(Debug)]
pub struct ExpectedAnswer {
    begun: oneshot::Receiver<Begun>,
    verdict: Option<oneshot::Receiver<Verdict>>,
}

/// An answer that is there before its invocation's end.
#[derive(Debug)]
pub enum EarlyAnswer {
    /// Its log and its figures are as far as they are known by then.
    Whole(Outcome),
    Stream(AnswerStream),
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

/// The two ends of one answer, for a caller who takes streams.
pub fn answer_stream() -> (AnswerSink, ExpectedAnswer) {
    let (begun, begun_read) = oneshot::channel();
    let (verdict, verdict_read) = oneshot::channel();
    (
        AnswerSink { begun, verdict: Some(verdict) },
        ExpectedAnswer { begun: begun_read, verdict: Some(verdict_read) },
    )
}

/// The two ends of one answer, for a caller who takes it as a whole only.
pub fn answer_whole() -> (AnswerSink, ExpectedAnswer) {
    let (begun, begun_read) = oneshot::channel();
    (AnswerSink { begun, verdict: None }, ExpectedAnswer { begun: begun_read, verdict: None })
}

impl AnswerSink {
    pub(crate) fn takes_stream(&self) -> bool {
        self.verdict.is_some()
    }

    /// Hands the stream to its reader, who is to be told with the returned sender how it went.
    ///
    /// # Errors
    /// Gives both back when the caller takes no stream.
    pub(crate) fn begin(
        self,
        executed_version: &str,
        response: ResponseStream,
    ) -> Result<StreamVerdict, (AnswerSink, ResponseStream)> {
        match self.verdict {
            Some(verdict) => {
                let executed_version = executed_version.to_owned();
                // A reader that has gone drops the stream, which lets the code write on.
                let _ = self.begun.send(Begun::Stream { executed_version, response });
                Ok(StreamVerdict(verdict))
            }
            None => Err((self, response)),
        }
    }

    /// Lets the caller go with the answer; the invocation goes on.
    pub(crate) fn whole(self, outcome: Outcome) {
        // A caller that has gone wants none.
        let _ = self.begun.send(Begun::Whole(Box::new(outcome)));
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

impl ExpectedAnswer {
    /// Resolves when the answer is there or the code begins to stream it; `None` when the invocation's end
    /// brings it.
    pub async fn begun(self) -> Option<EarlyAnswer> {
        match (self.begun.await.ok()?, self.verdict) {
            (Begun::Whole(outcome), _) => Some(EarlyAnswer::Whole(*outcome)),
            (Begun::Stream { executed_version, response }, Some(verdict)) => {
                Some(EarlyAnswer::Stream(AnswerStream { executed_version, response, verdict, told: None }))
            }
            (Begun::Stream { .. }, None) => None,
        }
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

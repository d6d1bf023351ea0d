use crate::FunctionsError;
use crate::invoke::{Running, outcome};
use bytes::Bytes;
use pool::{AnswerStream, BrokenOff, Outcome};

/// An answer that the function is still writing. Dropping it does not stop the function.
#[derive(Debug)]
pub struct StreamedAnswer {
    pub(crate) stream: AnswerStream,
    pub(crate) running: Running,
}

/// A stream that has given its last piece.
#[derive(Debug)]
pub struct Ended {
    /// Why it was cut short, if it was.
    pub broken_off: Option<BrokenOff>,
    running: Running,
}

impl StreamedAnswer {
    /// As the code gave it.
    pub fn content_type(&self) -> &str {
        self.stream.content_type()
    }

    /// `$LATEST` or a number.
    pub fn executed_version(&self) -> &str {
        &self.stream.executed_version
    }

    /// The next bytes, at most 64 KiB. `None` after the last, also of a stream that was cut short.
    pub async fn next(&mut self) -> Option<Bytes> {
        self.stream.next().await
    }

    /// How the stream ended; to be asked after the last piece.
    ///
    /// # Errors
    /// `Invoke` when the server cut the invocation off.
    pub async fn end(self) -> Result<Ended, FunctionsError> {
        match self.stream.end().await {
            Ok(broken_off) => Ok(Ended { broken_off, running: self.running }),
            Err(cut) => {
                let why = outcome(self.running).await.err();
                Err(why.unwrap_or_else(|| FunctionsError::Internal(cut.to_string())))
            }
        }
    }
}

impl Ended {
    /// Waits for the end of the invocation, which may be later than that of its answer.
    ///
    /// # Errors
    /// `Invoke` when the server cut it off.
    pub async fn outcome(self) -> Result<Outcome, FunctionsError> {
        outcome(self.running).await
    }
}

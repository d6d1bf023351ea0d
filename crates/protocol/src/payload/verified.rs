use std::{
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll, ready},
};

use aws_lc_rs::digest;
use bytes::Bytes;
use futures_util::Stream;

use super::{BodyError, ChunkDecoder};
use crate::sigv4::PayloadKind;

/// The payload of a request body, checked against what its signature says while it streams.
///
/// Yields the payload without any framing. Ends with an error, and then with nothing, where the body is
/// not as promised. Dropping it midway is fine.
pub struct VerifiedBody<S> {
    source: S,
    check: Check,
    input: Bytes,
    length_promised: Option<u64>,
    length: u64,
    trailers: Trailers,
    done: bool,
}

enum Check {
    Nothing,
    Hash { promised: [u8; 32], actual: digest::Context },
    Chunks(Box<ChunkDecoder>),
}

/// What follows a chunked body: known once the body has ended without an error.
#[derive(Debug, Clone, Default)]
pub struct Trailers(Arc<OnceLock<Vec<(String, String)>>>);

impl Trailers {
    /// `name` in lower case, e.g. `x-amz-checksum-crc32`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get()?.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl<S> VerifiedBody<S> {
    /// `length` is the payload's: `x-amz-decoded-content-length` of a chunked body, `content-length` of
    /// any other; `None` where the request does not say. `announced` are the trailers that it says will
    /// follow a chunked body, in lower case.
    pub fn new(
        source: S,
        payload: PayloadKind,
        length: Option<u64>,
        announced: Vec<String>,
    ) -> VerifiedBody<S> {
        let check = match payload {
            PayloadKind::Unsigned => Check::Nothing,
            PayloadKind::Hash(promised) => {
                Check::Hash { promised, actual: digest::Context::new(&digest::SHA256) }
            }
            PayloadKind::Chunks { signer, trailer } => {
                Check::Chunks(Box::new(ChunkDecoder::new(signer, trailer.then_some(announced))))
            }
        };
        VerifiedBody {
            source,
            check,
            input: Bytes::new(),
            length_promised: length,
            length: 0,
            trailers: Trailers::default(),
            done: false,
        }
    }

    /// To be asked once the body has ended.
    pub fn trailers(&self) -> Trailers {
        self.trailers.clone()
    }

    fn take(&mut self) -> Result<Option<Bytes>, BodyError> {
        let data = match &mut self.check {
            Check::Chunks(decoder) => decoder.next(&mut self.input)?,
            Check::Nothing | Check::Hash { .. } if self.input.is_empty() => None,
            Check::Nothing => Some(std::mem::take(&mut self.input)),
            Check::Hash { actual, .. } => {
                actual.update(&self.input);
                Some(std::mem::take(&mut self.input))
            }
        };
        if let Some(data) = &data {
            self.length += data.len() as u64;
            if let Some(promised) = self.length_promised.filter(|promised| self.length > *promised) {
                return Err(BodyError::Length { promised, actual: self.length });
            }
        }
        Ok(data)
    }

    fn finish(&mut self) -> Result<(), BodyError> {
        match &mut self.check {
            Check::Nothing => {}
            Check::Hash { promised, actual } => {
                let empty = digest::Context::new(&digest::SHA256);
                let actual = std::mem::replace(actual, empty).finish();
                if actual.as_ref() != promised.as_slice() {
                    return Err(BodyError::Hash {
                        promised: hex::encode(promised),
                        actual: hex::encode(actual),
                    });
                }
            }
            Check::Chunks(decoder) => {
                decoder.finish()?;
                // Set once: a stream ends once.
                let _ = self.trailers.0.set(decoder.trailers().to_vec());
            }
        }
        match self.length_promised.filter(|promised| self.length != *promised) {
            Some(promised) => Err(BodyError::Length { promised, actual: self.length }),
            None => Ok(()),
        }
    }
}

impl<S, E> Stream for VerifiedBody<S>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        while !this.done {
            match this.take() {
                Ok(Some(data)) => return Poll::Ready(Some(Ok(data))),
                Ok(None) => {}
                Err(error) => {
                    this.done = true;
                    return Poll::Ready(Some(Err(error)));
                }
            }
            match ready!(Pin::new(&mut this.source).poll_next(context)) {
                Some(Ok(input)) => this.input = input,
                Some(Err(error)) => {
                    this.done = true;
                    return Poll::Ready(Some(Err(BodyError::Source(error.into()))));
                }
                None => {
                    this.done = true;
                    if let Err(error) = this.finish() {
                        return Poll::Ready(Some(Err(error)));
                    }
                }
            }
        }
        Poll::Ready(None)
    }
}

use aws_lc_rs::digest::{Context, SHA256};
use bytes::{Buf, Bytes, BytesMut};

use super::BodyError;
use crate::sigv4::ChunkSigner;

/// Bytes of a line (a chunk's size and signature, or one trailer), at most.
const LINE_BYTES_MAX: usize = 8 * 1024;
/// Trailers, at most.
const TRAILERS_MAX: usize = 16;
/// Hexadecimal digits of a chunk's size, at most: 2^60 bytes.
const SIZE_DIGITS_MAX: usize = 15;

const TRAILER_SIGNATURE: &str = "x-amz-trailer-signature";

/// Takes `aws-chunked` framing off a body, piece by piece, whatever the pieces' bounds. Holds one line
/// at most; chunks pass through as they come.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html> and its pages on
/// trailers.
pub struct ChunkDecoder {
    state: State,
    signer: Option<Box<ChunkSigner>>,
    /// `None`: no trailers may come.
    announced: Option<Vec<String>>,
    line: BytesMut,
    hash: Context,
    signature: String,
    trailers: Vec<(String, String)>,
    signed_trailers: String,
    trailer_signed: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before a chunk's size.
    Size,
    /// So many bytes of the chunk are still to come.
    Data(u64),
    /// Before the line end that follows a chunk's data.
    DataEnd,
    /// After the empty chunk: trailers, then an empty line.
    Trailers,
    Done,
}

impl ChunkDecoder {
    /// `signer` where the chunks are signed; `announced` where trailers may come, with their names in
    /// lower case: all of these must come, and no others.
    pub fn new(signer: Option<Box<ChunkSigner>>, announced: Option<Vec<String>>) -> ChunkDecoder {
        ChunkDecoder {
            state: State::Size,
            signer,
            announced,
            line: BytesMut::new(),
            hash: Context::new(&SHA256),
            signature: String::new(),
            trailers: Vec::new(),
            signed_trailers: String::new(),
            trailer_signed: false,
        }
    }

    /// Takes from `input` what it can and returns the next piece of the payload; `None` when all of
    /// `input` is taken. Call it again with the same `input` until then.
    ///
    /// # Errors
    /// Framing that is not as specified, a line or trailers beyond the bounds, a signature that does not
    /// hold, and anything after the end.
    pub fn next(&mut self, input: &mut Bytes) -> Result<Option<Bytes>, BodyError> {
        while !input.is_empty() {
            match self.state {
                State::Data(remaining) => {
                    let taken = input.len().min(usize::try_from(remaining).unwrap_or(usize::MAX));
                    let data = input.split_to(taken);
                    if self.signer.is_some() {
                        self.hash.update(&data);
                    }
                    let remaining = remaining - taken as u64;
                    self.state = State::Data(remaining);
                    if remaining == 0 {
                        self.end_chunk()?;
                        self.state = State::DataEnd;
                    }
                    return Ok(Some(data));
                }
                State::Done => return Err(BodyError::Malformed("bytes after the last chunk")),
                State::Size | State::DataEnd | State::Trailers => {
                    if self.take_line(input)? {
                        let line = std::mem::take(&mut self.line);
                        self.read_line(&line)?;
                    }
                }
            }
        }
        Ok(None)
    }

    /// The body has ended: whether all of it was there.
    ///
    /// # Errors
    /// [`BodyError::Incomplete`] where the last chunk or the end of the trailers is missing.
    pub fn finish(&mut self) -> Result<(), BodyError> {
        match self.state {
            State::Done => Ok(()),
            // Some clients leave out the very last line end.
            State::Trailers if self.line.is_empty() => self.end_trailers(),
            _ => Err(BodyError::Incomplete),
        }
    }

    /// Names in lower case; complete once [`ChunkDecoder::finish`] has succeeded.
    pub fn trailers(&self) -> &[(String, String)] {
        &self.trailers
    }

    /// Whether a whole line, without its end, is now in `self.line`.
    fn take_line(&mut self, input: &mut Bytes) -> Result<bool, BodyError> {
        let end = input.iter().position(|byte| *byte == b'\n');
        let taken = end.unwrap_or(input.len());
        if self.line.len() + taken > LINE_BYTES_MAX {
            return Err(BodyError::Malformed("a line is too long"));
        }
        self.line.extend_from_slice(&input.split_to(taken));
        if end.is_none() {
            return Ok(false);
        }
        input.advance(1);
        if self.line.last() != Some(&b'\r') {
            // AWS's own description of trailers shows lines that end without a carriage return.
            return match self.state {
                State::Trailers => Ok(true),
                _ => Err(BodyError::Malformed("a line ends without a carriage return")),
            };
        }
        self.line.truncate(self.line.len() - 1);
        Ok(true)
    }

    fn read_line(&mut self, line: &[u8]) -> Result<(), BodyError> {
        let line = std::str::from_utf8(line).map_err(|_| BodyError::Malformed("a line is not text"))?;
        match self.state {
            State::Size => self.begin_chunk(line),
            State::DataEnd if line.is_empty() => {
                self.state = State::Size;
                Ok(())
            }
            State::DataEnd => Err(BodyError::Malformed("a chunk is longer than its size")),
            State::Trailers if line.is_empty() => self.end_trailers(),
            State::Trailers => self.read_trailer(line),
            State::Data(_) | State::Done => Ok(()),
        }
    }

    /// `10000;chunk-signature=ad80…`, or the size alone.
    fn begin_chunk(&mut self, line: &str) -> Result<(), BodyError> {
        let (size, extension) = line.split_once(';').unwrap_or((line, ""));
        let digits = size.bytes().all(|byte| byte.is_ascii_hexdigit());
        if size.is_empty() || size.len() > SIZE_DIGITS_MAX || !digits {
            return Err(BodyError::Malformed("a chunk's size is not a hexadecimal number"));
        }
        let size = u64::from_str_radix(size, 16)
            .map_err(|_| BodyError::Malformed("a chunk's size is not a number"))?;
        if self.signer.is_some() {
            let signature = extension.strip_prefix("chunk-signature=");
            signature.ok_or(BodyError::ChunkSignature)?.clone_into(&mut self.signature);
            self.hash = Context::new(&SHA256);
        }
        if size > 0 {
            self.state = State::Data(size);
            return Ok(());
        }
        self.end_chunk()?;
        self.state = State::Trailers;
        Ok(())
    }

    fn end_chunk(&mut self) -> Result<(), BodyError> {
        let Some(signer) = &mut self.signer else { return Ok(()) };
        let hash = std::mem::replace(&mut self.hash, Context::new(&SHA256)).finish();
        let hash: [u8; 32] = hash.as_ref().try_into().map_err(|_| BodyError::ChunkSignature)?;
        if signer.verify_chunk(&hash, &self.signature) { Ok(()) } else { Err(BodyError::ChunkSignature) }
    }

    fn read_trailer(&mut self, line: &str) -> Result<(), BodyError> {
        let (name, value) = line.split_once(':').ok_or(BodyError::Malformed("a trailer has no colon"))?;
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
        if self.trailer_signed || self.trailers.len() >= TRAILERS_MAX {
            return Err(BodyError::Trailer("too many trailers"));
        }
        let is_signature = name == TRAILER_SIGNATURE && self.signer.is_some() && self.announced.is_some();
        if !is_signature {
            if !self.announced.as_ref().is_some_and(|announced| announced.contains(&name)) {
                return Err(BodyError::Trailer("a trailer was not announced"));
            }
            if self.trailers.iter().any(|(known, _)| *known == name) {
                return Err(BodyError::Trailer("a trailer comes twice"));
            }
            self.signed_trailers.push_str(&format!("{name}:{value}\n"));
            self.trailers.push((name, value.to_owned()));
            return Ok(());
        }
        if let Some(signer) = &mut self.signer {
            let hash = crate::sigv4::sha256(self.signed_trailers.as_bytes());
            if !signer.verify_trailer(&hash, value) {
                return Err(BodyError::ChunkSignature);
            }
            self.trailer_signed = true;
        }
        Ok(())
    }

    /// Trailers of a signed body must be signed too.
    fn end_trailers(&mut self) -> Result<(), BodyError> {
        if self.signer.is_some() && self.announced.is_some() && !self.trailer_signed {
            return Err(BodyError::ChunkSignature);
        }
        let came = |name: &String| self.trailers.iter().any(|(known, _)| known == name);
        if !self.announced.iter().flatten().all(came) {
            return Err(BodyError::Trailer("an announced trailer is missing"));
        }
        self.state = State::Done;
        Ok(())
    }
}

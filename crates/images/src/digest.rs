use crate::ImageError;
use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io::{self, Read};

/// `sha256:` and 64 lower-case hexadecimal digits; nothing else is understood.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(String);

impl Digest {
    /// # Errors
    /// `Refused` for another algorithm or form.
    pub fn parse(text: &str) -> Result<Self, ImageError> {
        match text.strip_prefix("sha256:") {
            Some(hex) => Digest::from_hex(hex),
            None => Err(ImageError::Refused(format!("{text:.80?} is no sha256 digest"))),
        }
    }

    /// # Errors
    /// `Refused` for anything but 64 lower-case hexadecimal digits: safe as the name of a file.
    pub fn from_hex(hex: &str) -> Result<Self, ImageError> {
        let fits = hex.len() == 64 && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if fits {
            Ok(Digest(hex.to_owned()))
        } else {
            Err(ImageError::Refused(format!("{hex:.80?} is no sha256 digest")))
        }
    }

    pub fn of(bytes: &[u8]) -> Self {
        Digest(hex::encode(aws_lc_rs::digest::digest(&SHA256, bytes)))
    }

    pub fn hex(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.0)
    }
}

impl TryFrom<String> for Digest {
    type Error = ImageError;
    fn try_from(text: String) -> Result<Self, ImageError> {
        Digest::parse(&text)
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> String {
        digest.to_string()
    }
}

/// Hashes what is read through it.
pub(crate) struct Hashing<R> {
    inner: R,
    context: Context,
}

impl<R: Read> Hashing<R> {
    pub fn new(inner: R) -> Self {
        Hashing { inner, context: Context::new(&SHA256) }
    }

    /// Of all bytes up to the end, those included that nobody wanted.
    ///
    /// # Errors
    /// Of reading.
    pub fn finish(mut self) -> io::Result<Digest> {
        io::copy(&mut self, &mut io::sink())?;
        Ok(Digest(hex::encode(self.context.finish())))
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.context.update(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}

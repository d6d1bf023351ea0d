use super::background::BackgroundHasher;
use super::stored::Held;
use super::unnamed::Unnamed;
use crate::checksum::{Checksum, ChecksumAlgorithm};
use crate::upload_id::ordered_id;
use crate::{Objects, ObjectsError};
use blob::BlobWriter;
use bytes::{Bytes, BytesMut};
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt};

/// Bodies up to here lie in the store beside their record: one fsync instead of three.
pub(crate) const INLINE_BYTES_MAX: usize = 32 * 1024;

/// A body that is being uploaded, with what its sender said about it.
pub struct IncomingBody {
    pub stream: BoxStream<'static, Result<BodyPiece, BodyError>>,
    /// In bytes, where the sender declared it; the body must then have exactly this length.
    pub length: Option<u64>,
    pub content_md5: Option<[u8; 16]>,
    pub checksum: Option<DeclaredChecksum>,
}

pub enum BodyPiece {
    Data(Bytes),
    /// The checksum that trailed the body, base64. Nothing comes after it.
    Checksum(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredChecksum {
    pub algorithm: ChecksumAlgorithm,
    pub expected: ExpectedChecksum,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExpectedChecksum {
    /// Base64, known before the body.
    Value(String),
    /// Comes as [`BodyPiece::Checksum`]; without it the upload is refused.
    Trailer,
    /// The sender chose the algorithm and leaves the work to us.
    Computed,
}

/// The source of a body failed: it ended early, or its signature is wrong. The front door finds its
/// own error inside.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct BodyError(pub Box<dyn std::error::Error + Send + Sync>);

pub(crate) struct Limits {
    pub size_max: u64,
    /// Computed always, whatever else the sender declared.
    pub algorithm: ChecksumAlgorithm,
}

/// A whole body that came in, was verified and is on disk (or small and in hand), but that no record
/// names yet.
pub(crate) struct Received {
    pub held: Held,
    /// Where it is a blob.
    pub unnamed: Option<Unnamed>,
    pub size: u64,
    pub md5: [u8; 16],
    /// By [`Limits::algorithm`].
    pub checksum: Checksum,
    /// By the declared algorithm, where that is another one.
    pub checksum_declared: Option<Checksum>,
}

impl IncomingBody {
    /// A body that is already in memory and about which its sender said nothing.
    pub fn from_bytes(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let length = Some(bytes.len() as u64);
        IncomingBody {
            stream: futures_util::stream::iter([Ok(BodyPiece::Data(bytes))]).boxed(),
            length,
            content_md5: None,
            checksum: None,
        }
    }

    pub(crate) fn from_stream(
        length: u64,
        stream: impl Stream<Item = Result<Bytes, ObjectsError>> + Send + 'static,
    ) -> Self {
        let piece = |bytes: Result<Bytes, ObjectsError>| match bytes {
            Ok(bytes) => Ok(BodyPiece::Data(bytes)),
            Err(error) => Err(BodyError(Box::new(error))),
        };
        IncomingBody {
            stream: stream.map(piece).boxed(),
            length: Some(length),
            content_md5: None,
            checksum: None,
        }
    }

    /// Reads and verifies everything. When that fails, nothing is left on disk.
    ///
    /// # Errors
    /// `EntityTooLarge`, `IncompleteBody`, `BadMd5`, `BadChecksum`, `InvalidDigest`, or the source
    /// failed.
    pub(crate) async fn receive(
        mut self,
        objects: &Objects,
        limits: Limits,
    ) -> Result<Received, ObjectsError> {
        let Limits { size_max, algorithm } = limits;
        if let Some(size) = self.length.filter(|length| *length > size_max) {
            return Err(ObjectsError::EntityTooLarge { size, max: size_max });
        }
        let other = self.checksum.as_ref().map(|declared| declared.algorithm).filter(|it| *it != algorithm);
        if let Some(DeclaredChecksum { algorithm, expected: ExpectedChecksum::Value(value) }) = &self.checksum
        {
            algorithm.decode(value)?;
        }

        let mut hasher = BackgroundHasher::new(algorithm, other);
        let mut sink = Sink::Memory(BytesMut::new());
        let mut size: u64 = 0;
        let mut trailer = None;
        while let Some(piece) = self.stream.next().await {
            let bytes = match piece? {
                BodyPiece::Data(bytes) => bytes,
                BodyPiece::Checksum(value) => {
                    trailer = Some(value);
                    continue;
                }
            };
            size = size.saturating_add(bytes.len() as u64);
            if size > size_max {
                return Err(ObjectsError::EntityTooLarge { size, max: size_max });
            }
            if let Some(declared) = self.length.filter(|declared| size > *declared) {
                return Err(ObjectsError::IncompleteBody { declared, received: size });
            }
            hasher.update(bytes.clone()).await?;
            sink.write(objects, bytes).await?;
        }
        if let Some(declared) = self.length.filter(|declared| size != *declared) {
            return Err(ObjectsError::IncompleteBody { declared, received: size });
        }

        let hashes = hasher.finish().await?;
        if self.content_md5.is_some_and(|expected| expected != hashes.md5) {
            return Err(ObjectsError::BadMd5);
        }
        if let Some(declared) = &self.checksum {
            let computed = hashes.other.as_ref().unwrap_or(&hashes.main);
            declared.verify(trailer.as_deref(), computed)?;
        }
        let (held, unnamed) = sink.finish(objects).await?;
        Ok(Received {
            held,
            unnamed,
            size,
            md5: hashes.md5,
            checksum: hashes.main,
            checksum_declared: hashes.other,
        })
    }
}

impl DeclaredChecksum {
    fn verify(&self, trailer: Option<&str>, computed: &Checksum) -> Result<(), ObjectsError> {
        let expected = match (&self.expected, trailer) {
            (ExpectedChecksum::Value(value), _) => value,
            (ExpectedChecksum::Trailer, Some(value)) => value,
            (ExpectedChecksum::Computed, _) => return Ok(()),
            (ExpectedChecksum::Trailer, None) => {
                return Err(ObjectsError::InvalidRequest(format!(
                    "The trailing {} checksum that was announced did not come",
                    self.algorithm
                )));
            }
        };
        self.algorithm.decode(expected)?;
        if *expected == computed.value {
            Ok(())
        } else {
            Err(ObjectsError::BadChecksum { algorithm: self.algorithm })
        }
    }
}

/// Small bodies stay in memory; with the first byte too many they move to a blob.
enum Sink {
    Memory(BytesMut),
    Blob(Box<BlobWriter>),
}

impl Sink {
    async fn write(&mut self, objects: &Objects, bytes: Bytes) -> Result<(), ObjectsError> {
        match self {
            Sink::Memory(buffer) if buffer.len() + bytes.len() <= INLINE_BYTES_MAX => {
                buffer.extend_from_slice(&bytes);
            }
            Sink::Memory(buffer) => {
                let mut writer = Box::new(objects.blobs.writer().await?);
                if !buffer.is_empty() {
                    writer.write(buffer.split().freeze()).await?;
                }
                writer.write(bytes).await?;
                *self = Sink::Blob(writer);
            }
            Sink::Blob(writer) => writer.write(bytes).await?,
        }
        Ok(())
    }

    async fn finish(self, objects: &Objects) -> Result<(Held, Option<Unnamed>), ObjectsError> {
        let held = match self {
            Sink::Memory(buffer) if buffer.is_empty() => Held::Empty,
            Sink::Memory(buffer) => {
                Held::Inline { id: ordered_id(&objects.clock, 20), bytes: buffer.freeze() }
            }
            Sink::Blob(writer) => {
                let (unnamed, id) = Unnamed::finish(objects.blobs.clone(), *writer).await?;
                return Ok((Held::Blob(id), Some(unnamed)));
            }
        };
        Ok((held, None))
    }
}

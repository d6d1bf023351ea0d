use crate::ObjectsError;
use crate::checksum::{Checksum, ChecksumAlgorithm, ChecksumHasher};
use bytes::Bytes;
use md5::{Digest, Md5};
use std::io;
use tokio::task::JoinHandle;

/// What is hashed at once on a thread of its own. Large enough that handing it over costs little,
/// small enough that a body in flight holds little memory (twice this).
const BATCH_BYTES: usize = 512 * 1024;

/// Hashes a body beside the task that receives and writes it: large bodies on blocking threads, one
/// batch at a time, so that neither a slow sender holds a thread nor a fast one the async threads.
pub(super) struct BackgroundHasher {
    idle: Option<Box<Hashers>>,
    running: Option<JoinHandle<Box<Hashers>>>,
    waiting: Vec<Bytes>,
    waiting_bytes: usize,
}

pub(super) struct Hashes {
    pub md5: [u8; 16],
    pub main: Checksum,
    pub other: Option<Checksum>,
}

struct Hashers {
    md5: Md5,
    main: (ChecksumAlgorithm, ChecksumHasher),
    other: Option<(ChecksumAlgorithm, ChecksumHasher)>,
}

impl BackgroundHasher {
    pub(super) fn new(main: ChecksumAlgorithm, other: Option<ChecksumAlgorithm>) -> Self {
        let hasher = |algorithm| (algorithm, ChecksumHasher::new(algorithm));
        let hashers = Hashers { md5: Md5::new(), main: hasher(main), other: other.map(hasher) };
        BackgroundHasher {
            idle: Some(Box::new(hashers)),
            running: None,
            waiting: Vec::new(),
            waiting_bytes: 0,
        }
    }

    /// Waits only when two batches are under way.
    pub(super) async fn update(&mut self, bytes: Bytes) -> Result<(), ObjectsError> {
        self.waiting_bytes += bytes.len();
        self.waiting.push(bytes);
        if self.waiting_bytes >= BATCH_BYTES {
            let mut hashers = self.hashers().await?;
            let batch = std::mem::take(&mut self.waiting);
            self.waiting_bytes = 0;
            self.running = Some(tokio::task::spawn_blocking(move || {
                hashers.update(&batch);
                hashers
            }));
        }
        Ok(())
    }

    pub(super) async fn finish(mut self) -> Result<Hashes, ObjectsError> {
        let mut hashers = self.hashers().await?;
        // Less than a batch: cheaper here than handed over.
        hashers.update(&self.waiting);
        let digest = |(algorithm, hasher): (ChecksumAlgorithm, ChecksumHasher)| {
            Checksum::full_object(algorithm, &hasher.finish())
        };
        Ok(Hashes {
            md5: hashers.md5.finalize().into(),
            main: digest(hashers.main),
            other: hashers.other.map(digest),
        })
    }

    async fn hashers(&mut self) -> Result<Box<Hashers>, ObjectsError> {
        let gone = |reason: String| ObjectsError::Body(super::BodyError(Box::new(io::Error::other(reason))));
        match (self.running.take(), self.idle.take()) {
            (Some(running), _) => running.await.map_err(|error| gone(format!("hashing failed: {error}"))),
            (None, Some(hashers)) => Ok(hashers),
            (None, None) => Err(gone("hashing failed before".to_owned())),
        }
    }
}

impl Hashers {
    fn update(&mut self, batch: &[Bytes]) {
        for bytes in batch {
            self.md5.update(bytes);
            self.main.1.update(bytes);
            if let Some((_, other)) = &mut self.other {
                other.update(bytes);
            }
        }
    }
}

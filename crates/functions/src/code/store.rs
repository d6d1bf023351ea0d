mod image;

pub use image::sweep_images;

use super::record::CodeRecord;
use super::unpack::{UnpackError, unpack};
use super::{ARCHIVE_BYTES_MAX, UNPACKED_BYTES_MAX};
use crate::{Code, FunctionsError, NewCode, keys};
use aws_lc_rs::digest;
use blob::{BlobId, Blobs};
use bytes::Bytes;
use clock::Clock;
use images::{Image, Images};
use kv::{Kv, Transaction};
use names::{Key, Keyspace};
use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

const UNPACKING_MAX: usize = 4;
/// How often an archive is taken in while its content's last other use is removed before it can be named.
/// Somebody would have to do that at the right moment each time.
pub(crate) const ATTEMPTS: usize = 8;

/// Another one with every start of the machine.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";
/// Holds the boot under which the copies beside it were made.
const BOOT_FILE: &str = ".boot";
/// How copies begin that are being made, and those that wait for their removal.
const UNFINISHED: &str = ".new-";
const GONE: &str = ".gone-";

/// Where unpacked code lies: `DIRECTORY/<sha256>/`, read-only for those who run it.
///
/// A directory is there exactly once per content, complete or not at all: it is made under another name and
/// renamed. It is only a copy of the archive in `blob`, so it is not worth the disk's time to sync it: the
/// copies of an earlier boot of the machine, which a power cut may have torn, are dropped at the start, and
/// what is missing is made again when it is needed. A killed process tears nothing, since the kernel lives.
#[derive(Clone)]
pub struct CodeStore(Arc<Inner>);

struct Inner {
    directory: PathBuf,
    images: Images,
    /// What was read of images lately, by digest.
    known_images: Mutex<HashMap<String, Arc<Image>>>,
    kv: Kv,
    blobs: Blobs,
    clock: Clock,
    /// Of all archives together, in bytes.
    capacity: u64,
    in_use: Mutex<HashMap<String, Use>>,
    /// Archives that are unpacked at the same time, so that a burst of deployments leaves the disk and the
    /// other requests their turn.
    unpacking: Semaphore,
    /// Pins end on any thread, the store's own among them, where there is no runtime to sweep on.
    runtime: Handle,
}

/// How often a sweep that is disturbed begins anew.
const SWEEPS: u32 = 32;

#[derive(Default)]
struct Use {
    pins: usize,
    /// A sweep began and no pin was taken since.
    sweeping: bool,
    /// The last pin's end sweeps.
    sweep_wanted: bool,
}

/// Keeps a piece of unpacked code from being swept while it is about to be named or run.
pub(crate) struct Pin {
    store: CodeStore,
    sha256: String,
}

/// An archive that was accepted: unpacked, stored, but not yet named by any record.
pub(crate) struct Ingested {
    pub code: Code,
    /// The stored archive; `None` if the same content was kept already.
    archive: Option<BlobId>,
    pin: Pin,
}

impl CodeStore {
    /// Makes the directory if it is not there, and puts aside what cannot be trusted in it: unfinished
    /// copies, and all of them if the machine was started anew. Removing them is left to `sweep_all`.
    ///
    /// # Errors
    /// The directory cannot be made or changed, or the caller is outside of a tokio runtime.
    pub fn open(
        directory: PathBuf,
        images: Images,
        kv: Kv,
        blobs: Blobs,
        clock: Clock,
        capacity: u64,
    ) -> Result<Self, io::Error> {
        fs::create_dir_all(&directory)?;
        let boot = fs::read_to_string(BOOT_ID).unwrap_or_default();
        let same_boot = !boot.is_empty()
            && fs::read_to_string(directory.join(BOOT_FILE)).is_ok_and(|known| known == boot);
        for entry in fs::read_dir(&directory)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            let trusted = same_boot && !name.starts_with(UNFINISHED);
            if name != BOOT_FILE && !name.starts_with(GONE) && !trusted {
                fs::rename(directory.join(&name), directory.join(gone(&clock)))?;
            }
        }
        if !same_boot {
            fs::write(directory.join(BOOT_FILE), boot)?;
        }
        let (in_use, unpacking) = (Mutex::default(), Semaphore::new(UNPACKING_MAX));
        let runtime = Handle::try_current().map_err(io::Error::other)?;
        let known_images = Mutex::default();
        let inner =
            Inner { directory, images, known_images, kv, blobs, clock, capacity, in_use, unpacking, runtime };
        Ok(CodeStore(Arc::new(inner)))
    }

    /// Takes code in, but for its name: [`Ingested::name`].
    ///
    /// # Errors
    /// `Invalid` when the archive or the image's URI is to blame, `CodeStorageExceeded` when there is no room.
    pub(crate) async fn ingest(&self, code: NewCode) -> Result<Ingested, FunctionsError> {
        match code {
            NewCode::Zip(archive) => self.ingest_archive(archive).await,
            NewCode::Image(uri) => self.ingest_image(uri).await,
        }
    }

    /// Judges, unpacks and stores an archive.
    ///
    /// # Errors
    /// As [`CodeStore::ingest`].
    async fn ingest_archive(&self, archive: Bytes) -> Result<Ingested, FunctionsError> {
        if archive.len() as u64 > ARCHIVE_BYTES_MAX {
            return Err(FunctionsError::invalid(format!(
                "Unzipped size must be smaller than {UNPACKED_BYTES_MAX} bytes"
            )));
        }
        let sha256 = {
            let archive = archive.clone();
            blocking(move || Ok(hex::encode(digest::digest(&digest::SHA256, &archive)))).await?
        };
        let pin = self.pin(&sha256);
        if let Some(entry) = self.in_use().get_mut(&sha256) {
            // In case no record comes to name it.
            entry.sweep_wanted = true;
        }
        let kept: Option<CodeRecord> = kv::get_record(&self.0.kv, keys::code(&sha256)).await?;
        if let Some(record) = kept {
            self.unpacked_from(&sha256, archive).await?;
            return Ok(Ingested { code: record.code, archive: None, pin });
        }
        self.check_room(archive.len() as u64).await?;
        let zip_bytes = archive.len() as u64;
        let unpacked_bytes = self.unpacked_from(&sha256, archive.clone()).await?;
        let mut writer = self.0.blobs.writer().await?;
        writer.write(archive).await?;
        let archive = writer.finish().await?;
        let code = Code { sha256, zip_bytes, unpacked_bytes, image: None };
        Ok(Ingested { code, archive: Some(archive), pin })
    }

    /// The directory of `code`, which is a zip, unpacked anew if it is missing.
    ///
    /// # Errors
    /// `Internal` when no record keeps the code.
    pub(crate) async fn directory(&self, code: &Code) -> Result<PathBuf, FunctionsError> {
        let at = self.at(&code.sha256);
        // One look-up of a path, mostly remembered by the kernel: not worth another thread.
        if at.exists() {
            return Ok(at);
        }
        let archive = self.archive(code).await?;
        let bytes = self.0.blobs.read_all(&archive, ARCHIVE_BYTES_MAX).await?;
        self.unpacked_from(&code.sha256, bytes).await?;
        Ok(at)
    }

    /// The archive as it came.
    ///
    /// # Errors
    /// `NotFound` when no record keeps the code (any more).
    pub(crate) async fn archive(&self, code: &Code) -> Result<BlobId, FunctionsError> {
        let record: Option<CodeRecord> = kv::get_record(&self.0.kv, keys::code(&code.sha256)).await?;
        record
            .map(|record| record.archive)
            .ok_or_else(|| FunctionsError::not_found(format!("code {} is not kept", code.sha256)))
    }

    pub(crate) fn pin(&self, sha256: &str) -> Pin {
        let mut in_use = self.in_use();
        let entry = in_use.entry(sha256.to_owned()).or_default();
        entry.pins += 1;
        entry.sweeping = false;
        Pin { store: self.clone(), sha256: sha256.to_owned() }
    }

    /// Removes the unpacked copy of code that no record names, unless it is pinned: then the last pin's
    /// end sweeps it.
    pub(crate) async fn sweep(&self, sha256: &str) -> Result<(), FunctionsError> {
        for _ in 0..SWEEPS {
            {
                let mut in_use = self.in_use();
                let entry = in_use.entry(sha256.to_owned()).or_default();
                if entry.pins > 0 {
                    entry.sweep_wanted = true;
                    return Ok(());
                }
                entry.sweeping = true;
            }
            let kept = self.0.kv.get(&keys::code(sha256)).await?.is_some();
            let removed = {
                let mut in_use = self.in_use();
                let undisturbed = in_use.get(sha256).is_some_and(|entry| entry.pins == 0 && entry.sweeping);
                if in_use.get(sha256).is_some_and(|entry| entry.pins == 0) {
                    in_use.remove(sha256);
                }
                if kept {
                    return Ok(());
                }
                // A pin that came and went may have named it, or left it to this sweep.
                if !undisturbed {
                    continue;
                }
                // Under the lock, so that whoever pins next finds it gone as a whole.
                let away = self.0.directory.join(gone(&self.0.clock));
                match fs::rename(self.at(sha256), &away) {
                    Ok(()) => away,
                    Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                    Err(error) => return Err(internal(&error)),
                }
            };
            return remove(removed).await;
        }
        // Whoever disturbs it so often sweeps too, or the next start does.
        Ok(())
    }

    /// Sweeps every copy and removes those that were put aside; once, after the start.
    ///
    /// # Errors
    /// The directory or the store cannot be read.
    pub(crate) async fn sweep_all(&self) -> Result<(), FunctionsError> {
        let mut found = HashSet::new();
        for entry in fs::read_dir(&self.0.directory).map_err(|error| internal(&error))? {
            let entry = entry.map_err(|error| internal(&error))?;
            found.insert(entry.file_name().to_string_lossy().into_owned());
        }
        for name in &found {
            if name.starts_with(GONE) {
                remove(self.0.directory.join(name)).await?;
            } else if !name.starts_with('.') {
                self.sweep(name).await?;
            }
        }
        Ok(())
    }

    fn at(&self, sha256: &str) -> PathBuf {
        self.0.directory.join(sha256)
    }

    fn in_use(&self) -> MutexGuard<'_, HashMap<String, Use>> {
        self.0.in_use.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn check_room(&self, more: u64) -> Result<(), FunctionsError> {
        let used = total_bytes(&self.0.kv).await?;
        if used.saturating_add(more) > self.0.capacity {
            return Err(FunctionsError::CodeStorageExceeded(format!(
                "Code storage limit exceeded: {used} of {} bytes are in use and {more} more were asked for.",
                self.0.capacity
            )));
        }
        Ok(())
    }

    async fn unpacked_from(&self, sha256: &str, archive: Bytes) -> Result<u64, FunctionsError> {
        let at = self.at(sha256);
        // Never closed, so always granted in the end.
        let _turn = self.0.unpacking.acquire().await;
        let temporary = self.0.directory.join(format!("{UNFINISHED}{}", self.0.clock.random_token(16)));
        blocking(move || {
            if at.is_dir() {
                return Ok(tree_bytes(&at)?);
            }
            let done = make(&archive, &temporary, &at);
            if done.is_err() {
                // What cannot be removed now is removed at the next start.
                let _ = fs::remove_dir_all(&temporary);
            }
            done
        })
        .await
    }
}

/// Unpacks beside the final place and renames: there is never a half-written copy under the final name.
fn make(archive: &Bytes, temporary: &Path, at: &Path) -> Result<u64, UnpackError> {
    fs::create_dir(temporary)?;
    let bytes = unpack(archive, temporary)?;
    match fs::rename(temporary, at) {
        Ok(()) => {}
        // Another request unpacked the same content meanwhile.
        Err(_) if at.is_dir() => fs::remove_dir_all(temporary)?,
        Err(error) => return Err(error.into()),
    }
    Ok(bytes)
}

/// The bytes of all files under `root`. Depth is bounded by what `unpack` lets through.
fn tree_bytes(root: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    let mut left = vec![root.to_owned()];
    while let Some(directory) = left.pop() {
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                left.push(entry.path());
            } else if kind.is_file() {
                bytes += entry.metadata()?.len();
            }
        }
    }
    Ok(bytes)
}

impl Ingested {
    /// Names the code in the caller's transaction: one use more.
    ///
    /// # Errors
    /// `CodeRemoved`: take the archive in again, at most [`ATTEMPTS`] times.
    pub async fn name(&self, tx: &mut Transaction) -> Result<(), FunctionsError> {
        if self.code.image.is_some() {
            return super::record::keep(tx, &self.code).await;
        }
        let key = keys::code(&self.code.sha256);
        let record = match (kv::get_record::<CodeRecord>(tx, &key).await?, &self.archive) {
            (Some(record), _) => CodeRecord { uses: record.uses + 1, ..record },
            (None, Some(archive)) => {
                blob::name(tx, archive);
                CodeRecord { code: self.code.clone(), archive: *archive, uses: 1 }
            }
            (None, None) => return Err(FunctionsError::CodeRemoved),
        };
        kv::put_record(tx, key, &record);
        Ok(())
    }
}

/// An archive that no record came to name is removed at once instead of at the next start.
impl Drop for Ingested {
    fn drop(&mut self) {
        let Some(archive) = self.archive.take() else { return };
        let (store, sha256) = (self.pin.store.clone(), self.code.sha256.clone());
        let runtime = store.0.runtime.clone();
        runtime.spawn(async move {
            match kv::get_record::<CodeRecord>(&store.0.kv, keys::code(&sha256)).await {
                Ok(Some(record)) if record.archive == archive => {}
                Ok(_) => {
                    if let Err(error) = store.0.blobs.delete(&archive).await {
                        tracing::debug!(%error, "an unnamed archive is left for the next start to sweep");
                    }
                }
                Err(error) => tracing::debug!(%error, "an archive is left for the next start to look at"),
            }
        });
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        let sweep = {
            let mut in_use = self.store.in_use();
            let Some(entry) = in_use.get_mut(&self.sha256) else { return };
            entry.pins = entry.pins.saturating_sub(1);
            let (last, wanted) = (entry.pins == 0, entry.sweep_wanted);
            if last && !entry.sweeping {
                in_use.remove(&self.sha256);
            }
            last && wanted
        };
        if sweep {
            let (store, sha256) = (self.store.clone(), std::mem::take(&mut self.sha256));
            let runtime = store.0.runtime.clone();
            runtime.spawn(async move {
                if let Err(error) = store.sweep(&sha256).await {
                    tracing::warn!(%sha256, %error, "unpacked code is left for the next start to sweep");
                }
            });
        }
    }
}

/// Of all archives kept, in bytes.
pub(crate) async fn total_bytes(kv: &Kv) -> Result<u64, FunctionsError> {
    kv.read(async |snapshot: &kv::Snapshot| {
        let all = Key::new(Keyspace::CodeReference);
        let mut range = all.range();
        let mut total: u64 = 0;
        loop {
            let page = kv::range_records::<CodeRecord>(snapshot, &range, 1000).await?;
            total = page.iter().fold(total, |sum, (_, record)| sum.saturating_add(record.code.zip_bytes));
            match page.last() {
                Some((key, _)) if page.len() == 1000 => range = all.range_after(key),
                _ => return Ok(total),
            }
        }
    })
    .await
}

fn gone(clock: &Clock) -> String {
    format!("{GONE}{}", clock.random_token(16))
}

/// Removes what was put aside; a sweep beside this one may have been faster.
async fn remove(directory: PathBuf) -> Result<(), FunctionsError> {
    blocking(move || match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(UnpackError::Io(error)),
        _ => Ok(()),
    })
    .await
}

async fn blocking<T, F>(work: F) -> Result<T, FunctionsError>
where
    F: FnOnce() -> Result<T, UnpackError> + Send + 'static,
    T: Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(UnpackError::Refused(why))) if why.starts_with("Unzipped size") => {
            Err(FunctionsError::Invalid(why))
        }
        Ok(Err(UnpackError::Refused(why))) => Err(FunctionsError::Invalid(format!(
            "Could not unzip uploaded file. Please check your file, then try to upload again. ({why})"
        ))),
        Ok(Err(UnpackError::Io(error))) => Err(internal(&error)),
        Err(error) => Err(FunctionsError::Internal(format!("unpacking did not finish: {error}"))),
    }
}

fn internal(error: &io::Error) -> FunctionsError {
    FunctionsError::Internal(format!("the code directory: {error}"))
}

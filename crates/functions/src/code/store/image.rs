//! Code that is a container image: the images lie beside the code, and are counted and pinned like it.

use super::{CodeStore, Ingested};
use crate::{Code, FunctionsError, ImageCode, keys};
use images::{Digest, Image, ImageError, ImageUri, Images};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

/// Images that are kept in memory at once; with one more, all are forgotten.
const KNOWN_MAX: usize = 1024;

impl CodeStore {
    pub(crate) fn images(&self) -> &Images {
        &self.0.images
    }

    /// # Errors
    /// `Invalid`: no URI that an image here can have, or none that was loaded.
    pub(super) async fn ingest_image(&self, uri: String) -> Result<Ingested, FunctionsError> {
        let Some(parsed) = ImageUri::parse(&uri) else {
            return Err(FunctionsError::Invalid(format!(
                "Source image {uri:.600} is not valid. Provide a valid source image."
            )));
        };
        let missing = || {
            FunctionsError::Invalid(format!(
                "Source image {uri} does not exist. Provide a valid source image. (Images come here with: zerun image load FILE --name {}:TAG)",
                parsed.repository
            ))
        };
        let (images, wanted) = (self.0.images.clone(), parsed.clone());
        let found = blocking(move || images.find(&wanted)).await?.ok_or_else(missing)?;
        let pin = self.pin(found.digest.hex());
        // It may have been swept before it was pinned.
        let (images, digest) = (self.0.images.clone(), found.digest.clone());
        blocking(move || images.image(&digest)).await?.ok_or_else(missing)?;
        let resolved_uri = format!("{}@{}", parsed.registry_and_repository, found.digest);
        let code = Code {
            sha256: found.digest.hex().to_owned(),
            zip_bytes: 0,
            unpacked_bytes: 0,
            image: Some(ImageCode { uri, resolved_uri }),
        };
        Ok(Ingested { code, archive: None, pin })
    }

    /// The image, and the directory of its tree.
    ///
    /// # Errors
    /// `Internal`: the image, which a record keeps, is not there.
    pub(crate) async fn image(&self, code: &Code) -> Result<(Arc<Image>, PathBuf), FunctionsError> {
        let known = {
            let known = self.0.known_images.lock().unwrap_or_else(PoisonError::into_inner);
            known.get(&code.sha256).cloned()
        };
        if let Some(image) = known {
            let root = self.0.images.root(&image);
            // One look-up of a path, as with code.
            if root.exists() {
                return Ok((image, root));
            }
        }
        let digest = Digest::from_hex(&code.sha256).map_err(failed)?;
        let images = self.0.images.clone();
        let found = blocking(move || images.image(&digest)).await?;
        let image = Arc::new(found.ok_or_else(|| {
            FunctionsError::Internal(format!("the image {} is named but not on this machine", code.sha256))
        })?);
        let root = self.0.images.root(&image);
        let mut known = self.0.known_images.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.insert(code.sha256.clone(), image.clone());
        Ok((image, root))
    }

    /// Removes images that have no name, that no record names and that are not pinned. While somebody else
    /// changes images, it leaves them for another time.
    pub(crate) async fn sweep_images(&self) -> Result<(), FunctionsError> {
        let images = self.0.images.clone();
        for digest in blocking(move || images.nameless()).await? {
            match self.sweep_image(&digest).await {
                Ok(()) => {}
                Err(ImageError::Busy) => return Ok(()),
                Err(error) => return Err(failed(error)),
            }
        }
        let images = self.0.images.clone();
        blocking(move || match images.sweep() {
            Err(ImageError::Busy) => Ok(()),
            result => result,
        })
        .await
    }

    async fn sweep_image(&self, digest: &Digest) -> Result<(), ImageError> {
        {
            let mut in_use = self.in_use();
            let entry = in_use.entry(digest.hex().to_owned()).or_default();
            if entry.pins > 0 {
                return Ok(());
            }
            entry.sweeping = true;
        }
        let kept = self.0.kv.get(&keys::image(digest.hex())).await;
        let mut in_use = self.in_use();
        let Some(entry) = in_use.get(digest.hex()) else { return Ok(()) };
        if entry.pins > 0 {
            return Ok(());
        }
        let undisturbed = entry.sweeping;
        in_use.remove(digest.hex());
        // What cannot be asked about stays.
        if undisturbed && matches!(kept, Ok(None)) {
            // Under the lock, so that whoever pins next finds it gone.
            self.0.images.forget(digest)?;
        }
        Ok(())
    }
}

/// Sweeps the images of a data directory that no server has open.
///
/// # Errors
/// The images or the store cannot be read, or somebody else changes images.
pub async fn sweep_images(kv: &kv::Kv, images: &Images) -> Result<(), FunctionsError> {
    for digest in images.nameless().map_err(failed)? {
        if kv.get(&keys::image(digest.hex())).await?.is_none() {
            images.forget(&digest).map_err(failed)?;
        }
    }
    images.sweep().map_err(failed)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ImageError> + Send + 'static,
) -> Result<T, FunctionsError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.map_err(failed),
        Err(error) => Err(FunctionsError::Internal(format!("looking for an image did not finish: {error}"))),
    }
}

fn failed(error: ImageError) -> FunctionsError {
    FunctionsError::Internal(error.to_string())
}

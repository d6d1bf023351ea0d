use crate::{BlobId, Blobs};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Which blobs somebody in this process is about to read, and how many of them.
#[derive(Default)]
pub(crate) struct Pins(Mutex<HashMap<BlobId, usize>>);

impl Pins {
    pub(crate) fn hold(&self, id: &BlobId) -> bool {
        self.lock().contains_key(id)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<BlobId, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// While it lives, [`Blobs::sweep`] of this process leaves its blobs alone.
pub struct Pin {
    pins: Arc<Pins>,
    ids: Vec<BlobId>,
}

impl Blobs {
    /// Keeps blobs for a reader that opens them one after the other, however long that takes.
    ///
    /// To be taken soon after their names were read: until then the grace of a forgotten blob keeps
    /// them.
    pub fn pin(&self, ids: Vec<BlobId>) -> Pin {
        let mut pinned = self.pins.lock();
        for id in &ids {
            *pinned.entry(*id).or_default() += 1;
        }
        drop(pinned);
        Pin { pins: Arc::clone(&self.pins), ids }
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut pinned = self.pins.lock();
        for id in &self.ids {
            if let Some(readers) = pinned.get_mut(id) {
                *readers -= 1;
                if *readers == 0 {
                    pinned.remove(id);
                }
            }
        }
    }
}

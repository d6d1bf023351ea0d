use crate::naming::{forgotten, named, read_forgotten};
use crate::{BlobError, BlobId, Blobs};
use futures_util::TryStreamExt;
use kv::{Kv, KvError, Read, Snapshot, Transaction};
use names::{Key, Keyspace};
use std::time::Duration;

/// Blobs handled by one transaction, at most.
const GROUP_LENGTH_MAX: usize = 256;
/// Age from which on a blob that nobody names is an orphan, where other processes write to the same
/// store: between finishing and naming lies one transaction.
const ORPHAN_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// What a sweep did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SweepReport {
    /// Blobs removed.
    pub removed: u64,
    /// Forgotten blobs left for later, since somebody may still read them.
    pub kept: u64,
    /// Unfinished files removed.
    pub unfinished: u64,
}

impl Blobs {
    /// Removes the blobs that were forgotten long enough ago. Safe at any time, also twice at once.
    ///
    /// # Errors
    /// `Io`, `Kv`; what was not removed is found again by the next sweep.
    pub async fn sweep(&self, kv: &Kv) -> Result<SweepReport, BlobError> {
        let mut report = SweepReport::default();
        let all = Key::new(Keyspace::BlobForgotten);
        let mut range = all.range();
        loop {
            let group = kv.range(range.clone(), GROUP_LENGTH_MAX).await?;
            let Some((last, _)) = group.last() else { return Ok(report) };
            range = all.range_after(last);
            let now = self.clock.now();
            let mut removed = Vec::new();
            for (key, value) in &group {
                let (id, at) = read_forgotten(key, value)?;
                // Whoever read before this process had the store to itself has ended.
                let may_be_read = self.alone_since.is_none_or(|since| at >= since);
                let is_fresh = may_be_read && now.since(at) < self.store.grace();
                if is_fresh || self.pins.hold(&id) {
                    report.kept += 1;
                    continue;
                }
                self.store.delete(id).await?;
                removed.push(id);
            }
            report.removed += removed.len() as u64;
            // Bytes first, then the note that asks for their removal.
            kv.transact(async move |transaction: &mut Transaction| {
                for id in &removed {
                    transaction.delete(forgotten(id));
                }
                Ok::<_, KvError>(())
            })
            .await?;
        }
    }

    /// Removes what an ended process left: unfinished files, and blobs that it finished but did not
    /// live to name. To be called once after start; may run beside requests, since what this process
    /// writes bears its own mark.
    ///
    /// # Errors
    /// `Io`, `Kv`; the next start finds the rest.
    pub async fn sweep_orphans(&self, kv: &Kv) -> Result<SweepReport, BlobError> {
        let mark = self.mark;
        let unfinished = self.store.sweep_unfinished(Box::new(move |id| !id.has_mark(mark))).await?;
        let mut report = SweepReport { unfinished, ..SweepReport::default() };
        let mut groups = self.store.list();
        while let Some(found) = groups.try_next().await? {
            let now = self.clock.now();
            let is_old = |found: &crate::store::Found| {
                !found.id.has_mark(mark) && found.finished.is_none_or(|at| now.since(at) >= ORPHAN_AGE)
            };
            let old: Vec<BlobId> = found.iter().filter(|found| is_old(found)).map(|found| found.id).collect();
            for group in old.chunks(GROUP_LENGTH_MAX) {
                for id in unknown(kv, group.to_vec()).await? {
                    self.store.delete(id).await?;
                    report.removed += 1;
                }
            }
        }
        Ok(report)
    }
}

/// Those that are neither named nor already waiting for their removal.
async fn unknown(kv: &Kv, ids: Vec<BlobId>) -> Result<Vec<BlobId>, KvError> {
    kv.read(async move |snapshot: &Snapshot| {
        let mut unknown = Vec::new();
        for id in &ids {
            if snapshot.get(&named(id)).await?.is_none() && snapshot.get(&forgotten(id)).await?.is_none() {
                unknown.push(*id);
            }
        }
        Ok::<_, KvError>(unknown)
    })
    .await
}

use crate::BlobId;
use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Where files are, and how their names are made to last.
pub(super) struct Directory {
    path: PathBuf,
    /// Shards whose own names will last, so that the names in them do.
    lasting: Mutex<BTreeSet<u8>>,
}

impl Directory {
    pub(super) fn open(path: PathBuf) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(&path)?;
        if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            sync(parent)?;
        }
        make(&path.join("tmp"))?;
        let lasting = (0..=u8::MAX).filter(|shard| shard_path(&path, *shard).is_dir()).collect();
        sync(&path)?;
        Ok(Directory { path, lasting: Mutex::new(lasting) })
    }

    pub(super) fn unfinished(&self, id: &BlobId) -> PathBuf {
        self.path.join("tmp").join(id.to_string())
    }

    pub(super) fn finished(&self, id: &BlobId) -> PathBuf {
        self.shard(id.shard()).join(id.to_string())
    }

    fn shard(&self, shard: u8) -> PathBuf {
        shard_path(&self.path, shard)
    }

    /// Shards are made when the first blob needs them; who comes second waits until the shard lasts.
    fn ensure(&self, shard: u8) -> io::Result<()> {
        let mut lasting = self.lasting.lock().unwrap_or_else(PoisonError::into_inner);
        if !lasting.contains(&shard) {
            make(&self.shard(shard))?;
            sync(&self.path)?;
            lasting.insert(shard);
        }
        Ok(())
    }

    /// Gives a fsynced file its final name, durably.
    pub(super) fn finish(&self, id: &BlobId) -> io::Result<()> {
        let to = self.finished(id);
        self.ensure(id.shard())?;
        fs::rename(self.unfinished(id), &to)?;
        sync(&self.shard(id.shard())).inspect_err(|_| {
            // A name that may not last is no name; the error says all there is to say.
            let _ = fs::remove_file(&to);
        })
    }

    pub(super) fn list(&self, shard: u8) -> io::Result<Vec<BlobId>> {
        match fs::read_dir(self.shard(shard)) {
            Ok(entries) => ids(entries),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    pub(super) fn sweep_unfinished(&self, is_ended: impl Fn(&BlobId) -> bool) -> io::Result<u64> {
        let mut swept = 0;
        for id in ids(fs::read_dir(self.path.join("tmp"))?)?.iter().filter(|id| is_ended(id)) {
            fs::remove_file(self.unfinished(id))?;
            swept += 1;
        }
        Ok(swept)
    }
}

fn shard_path(directory: &Path, shard: u8) -> PathBuf {
    directory.join(format!("{shard:02x}"))
}

/// Files that bear no blob's name are not ours to touch.
fn ids(entries: fs::ReadDir) -> io::Result<Vec<BlobId>> {
    let mut ids = Vec::new();
    for entry in entries {
        ids.extend(entry?.file_name().to_str().and_then(|name| name.parse::<BlobId>().ok()));
    }
    Ok(ids)
}

fn make(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

fn sync(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

use crate::BlobId;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Where files are, and how their names are made to last.
pub(super) struct Directory {
    path: PathBuf,
}

impl Directory {
    pub(super) fn open(path: PathBuf) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(&path)?;
        if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            sync(parent)?;
        }
        let directory = Directory { path };
        make(&directory.path.join("tmp"))?;
        sync(&directory.path)?;
        Ok(directory)
    }

    pub(super) fn unfinished(&self, id: &BlobId) -> PathBuf {
        self.path.join("tmp").join(id.to_string())
    }

    pub(super) fn finished(&self, id: &BlobId) -> PathBuf {
        self.shard(id.shard()).join(id.to_string())
    }

    fn shard(&self, shard: u8) -> PathBuf {
        self.path.join(format!("{shard:02x}"))
    }

    /// Gives a fsynced file its final name, durably.
    pub(super) fn finish(&self, id: &BlobId) -> io::Result<()> {
        let (from, to, shard) = (self.unfinished(id), self.finished(id), self.shard(id.shard()));
        match fs::rename(&from, &to) {
            // Shards are made when the first blob needs them.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                make(&shard)?;
                sync(&self.path)?;
                fs::rename(&from, &to)?;
            }
            renamed => renamed?,
        }
        sync(&shard).inspect_err(|_| {
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

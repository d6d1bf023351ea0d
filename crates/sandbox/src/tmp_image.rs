//! The image that a sandbox's `/tmp` starts from.
//!
//! Lambda's `/tmp` is disk, not memory. A tmpfs would be charged to the function's memory, and a plain
//! directory has no bound without project quotas, which few hosts have switched on. So `/tmp` is a small
//! ext4 file system in an unnamed sparse file behind a loop device: its size is the bound, its page cache
//! is reclaimable, and with the last process nothing of it remains. Making the file system takes
//! milliseconds, but only once per size: the empty image (about 100 KiB of blocks) is kept and copied.
//!
//! Not solved: images are sparse, so all sandboxes together may want more than the disk has. Then writes in a
//! `/tmp` fail early, and the host's disk is full for everybody; keep the state directory on a disk, or a
//! quota, of its own where functions are not trusted.

use crate::control::TmpPlan;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub(crate) struct TmpImages {
    directory: PathBuf,
    /// The program that makes file systems, or why images cannot be used.
    mkfs: Result<PathBuf, String>,
}

const INODE_BYTES: u64 = 256;

impl TmpImages {
    pub(crate) fn detect(state_dir: &Path, privileged: bool) -> Self {
        let directory = state_dir.join("tmp-images");
        let mkfs = if !privileged {
            Err("an unprivileged user cannot mount a disk image".into())
        } else if !Path::new("/dev/loop-control").exists() {
            Err("there is no /dev/loop-control".into())
        } else {
            ["/usr/sbin/mkfs.ext4", "/sbin/mkfs.ext4", "/usr/bin/mkfs.ext4"]
                .iter()
                .map(PathBuf::from)
                .find(|path| path.exists())
                .ok_or_else(|| "mkfs.ext4 (e2fsprogs) is not installed".into())
        };
        TmpImages { directory, mkfs }
    }

    /// Blocks; makes the image the first time a size is asked for.
    pub(crate) fn plan(&self, tmp_bytes: u64) -> TmpPlan {
        let mkfs = match &self.mkfs {
            Err(because) => return TmpPlan::Memory { because: because.clone() },
            Ok(mkfs) => mkfs,
        };
        let template = self.directory.join(format!("{tmp_bytes}.ext4"));
        if !template.exists()
            && let Err(because) = self.make(mkfs, tmp_bytes, &template)
        {
            return TmpPlan::Memory { because };
        }
        TmpPlan::Disk { template, directory: self.directory.clone() }
    }

    fn make(&self, mkfs: &Path, tmp_bytes: u64, template: &Path) -> Result<(), String> {
        let failed = |what: &str| {
            let what = what.to_owned();
            move |error: io::Error| format!("{what}: {error}")
        };
        let inodes = (tmp_bytes / 16_384).clamp(1024, 1 << 20);
        // On top of what was asked for: inodes, block maps, and what ext4 keeps back for its own delayed
        // allocation (2 %, at most 4,096 blocks).
        let overhead =
            inodes * INODE_BYTES + tmp_bytes / 1024 + (1 << 20) + (tmp_bytes / 50).min(4096 * 4096);
        let image_bytes = (tmp_bytes + overhead) & !4095;
        fs::create_dir_all(&self.directory).map_err(failed("cannot make the image directory"))?;
        let draft = template.with_extension(format!("draft-{}", thread_name()));
        File::create(&draft)
            .and_then(|file| file.set_len(image_bytes))
            .map_err(failed("cannot make the image"))?;
        let made = Command::new(mkfs)
            .args(["-q", "-F", "-m", "0", "-b", "4096", "-I", "256", "-N", &inodes.to_string()])
            // No journal: nothing here outlives its processes. No checksums: nothing to protect.
            .args([
                "-O",
                "none,extent,filetype,dir_index,large_file,huge_file,sparse_super,uninit_bg,extra_isize",
            ])
            .args(["-E", "nodiscard,lazy_itable_init=1"])
            .arg(&draft)
            .stdin(Stdio::null())
            .output();
        let result = match made {
            Err(error) => Err(format!("cannot run {}: {error}", mkfs.display())),
            Ok(output) if !output.status.success() => {
                Err(format!("mkfs.ext4: {}", String::from_utf8_lossy(&output.stderr).trim()))
            }
            Ok(_) => fs::rename(&draft, template).map_err(failed("cannot keep the image")),
        };
        if result.is_err() {
            let _ = fs::remove_file(&draft);
        }
        result
    }

    /// Removes drafts that a killed predecessor left.
    pub(crate) fn sweep(&self) -> io::Result<()> {
        let entries = match fs::read_dir(&self.directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension.to_string_lossy().starts_with("draft-")) {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }
}

/// Two threads may make the same image at once; the last rename wins with the same bytes.
fn thread_name() -> String {
    format!("{:?}", std::thread::current().id()).chars().filter(char::is_ascii_digit).collect()
}

//! `/tmp` as a file system image in an unnamed file: see [`tmp_image`](crate::tmp_image).

use super::layers::Layers;
use crate::Layer;
use crate::control::{Failure, Setup, TmpPlan};
use nix::fcntl::{Flock, FlockArg};
use nix::mount::{MsFlags, mount as mount_fs};
use nix::sys::statvfs::fstatvfs;
use nix::unistd::{Whence, lseek};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, OpenOptionsExt, PermissionsExt, chown};
use std::path::Path;

/// A `/tmp` that is a disk image.
pub(super) struct Image {
    point: File,
    /// When it was empty.
    blocks_free: u64,
}

/// Mounts `/tmp` at `point`.
pub(super) fn mount(setup: &Setup, point: &Path, layers: &mut Layers) -> Result<Option<Image>, Failure> {
    let fail = |error: io::Error| Failure::new("cannot mount /tmp", &error);
    super::make_unless_there(point).map_err(fail)?;
    let (what, error) = match &setup.tmp {
        TmpPlan::Disk { template, directory } => match mount_image(template, directory, setup.uid, point) {
            Ok(()) => {
                layers.enforced(Layer::TmpOnDisk, "ext4 image behind a loop device");
                // The user's own, as on Lambda, where nobody else is there to use it.
                let uid = if setup.privileged { setup.uid } else { 0 };
                let opened = chown(point, Some(uid), Some(uid))
                    .and_then(|()| fs::set_permissions(point, fs::Permissions::from_mode(0o1777)))
                    .and_then(|()| fs::remove_dir(point.join("lost+found")))
                    .and_then(|()| File::open(point))
                    .and_then(|point| Ok(Image { blocks_free: blocks_free(&point)?, point }));
                return opened.map(Some).map_err(fail);
            }
            Err(error) => ("cannot mount an image as /tmp".to_owned(), error),
        },
        TmpPlan::Memory { because } => ("/tmp is in memory".to_owned(), io::Error::other(because.clone())),
    };
    layers.missing(Layer::TmpOnDisk, what, &error)?;
    let options = format!("size={},mode=1777", setup.spec.tmp_bytes);
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    mount_fs(Some("tmpfs"), point, Some("tmpfs"), flags, Some(options.as_str()))
        .map_err(|error| fail(error.into()))?;
    Ok(None)
}

fn mount_image(template: &Path, directory: &Path, uid: u32, point: &Path) -> io::Result<()> {
    let image = unnamed_file(directory, uid)?;
    copy_sparse(&File::open(template)?, &image)?;
    // Held until it is mounted: the device frees itself when its last user goes.
    let (device, path) = attach_in_turn(&image, directory)?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOATIME;
    // Neither durability nor zeroed inode tables: it starts empty and ends with the sandbox. `discard`
    // gives deleted files' blocks back to the host.
    let options = "noinit_itable,nobarrier,discard,errors=remount-ro";
    mount_fs(Some(path.as_str()), point, Some("ext4"), flags, Some(options))?;
    drop(device);
    Ok(())
}

fn unnamed_file(directory: &Path, uid: u32) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    match options.clone().custom_flags(libc::O_TMPFILE).open(directory) {
        // File systems without unnamed files, such as older overlays: named for a moment, by a name that
        // no other live sandbox has and a sweep knows.
        Err(error) if matches!(error.raw_os_error(), Some(libc::EOPNOTSUPP | libc::EISDIR)) => {
            let path = directory.join(format!("{uid}.draft-tmp"));
            let file = options.create(true).truncate(true).open(&path)?;
            fs::remove_file(path)?;
            Ok(file)
        }
        result => result,
    }
}

/// Copies the parts that hold data; the rest stays a hole.
fn copy_sparse(from: &File, to: &File) -> io::Result<()> {
    let end = from.metadata()?.len();
    to.set_len(end)?;
    let mut buffer = vec![0; 64 * 1024];
    let mut position = 0;
    while position < end {
        let data = match lseek(from, position.cast_signed(), Whence::SeekData) {
            // Nothing but a hole to the end.
            Err(nix::Error::ENXIO) => return Ok(()),
            offset => offset?.cast_unsigned(),
        };
        let hole = lseek(from, data.cast_signed(), Whence::SeekHole)?.cast_unsigned();
        position = data;
        while position < hole {
            let length = usize::try_from(hole - position).unwrap_or(usize::MAX).min(buffer.len());
            let part = buffer.get_mut(..length).unwrap_or_default();
            from.read_exact_at(part, position)?;
            to.write_all_at(part, position)?;
            position += length as u64;
        }
    }
    Ok(())
}

// From <linux/loop.h>.
const LOOP_CONFIGURE: libc::Ioctl = 0x4C0A;
const LOOP_CTL_GET_FREE: libc::Ioctl = 0x4C82;
/// Not `LO_FLAGS_DIRECT_IO`, though pages are cached twice without it: with it, mounting waits for the disk
/// and so does letting go. An image that lives shortly never reaches the disk at all.
const LO_FLAGS_AUTOCLEAR: u32 = 4;

#[repr(C)]
struct LoopConfig {
    fd: u32,
    block_size: u32,
    info: LoopInfo,
    reserved: [u64; 8],
}

#[repr(C)]
struct LoopInfo {
    ids_offset_and_limit: [u64; 5],
    number: u32,
    encrypt_type: u32,
    encrypt_key_size: u32,
    flags: u32,
    names_and_key: [u8; 160],
    init: [u64; 2],
}

/// The kernel names a free device and keeps it for nobody. A hundred inits that ask at once would all be told the
/// same, so they take turns: whoever holds the lock on `directory` asks.
fn attach_in_turn(image: &File, directory: &Path) -> io::Result<(File, String)> {
    let turn = Flock::lock(File::open(directory)?, FlockArg::LockExclusive);
    let _turn = turn.map_err(|(_, error)| io::Error::from(error))?;
    attach_to_loop_device(image)
}

/// Another server's process may take the free device before us; then we ask again.
const LOOP_ATTEMPTS_MAX: u32 = 64;

fn attach_to_loop_device(image: &File) -> io::Result<(File, String)> {
    let control = OpenOptions::new().read(true).write(true).open("/dev/loop-control")?;
    for _ in 0..LOOP_ATTEMPTS_MAX {
        // SAFETY: takes no argument.
        let number = unsafe { libc::ioctl(control.as_raw_fd(), LOOP_CTL_GET_FREE) };
        if number < 0 {
            return Err(io::Error::last_os_error());
        }
        let path = format!("/dev/loop{number}");
        let device = OpenOptions::new().read(true).write(true).open(&path)?;
        let info = LoopInfo {
            ids_offset_and_limit: [0; 5],
            number: 0,
            encrypt_type: 0,
            encrypt_key_size: 0,
            flags: LO_FLAGS_AUTOCLEAR,
            names_and_key: [0; 160],
            init: [0; 2],
        };
        let fd = u32::try_from(image.as_raw_fd()).map_err(io::Error::other)?;
        let config = LoopConfig { fd, block_size: 4096, info, reserved: [0; 8] };
        // SAFETY: the structure has the kernel's layout (304 bytes) and is only read.
        if unsafe { libc::ioctl(device.as_raw_fd(), LOOP_CONFIGURE, &raw const config) } == 0 {
            return Ok((device, path));
        }
        match io::Error::last_os_error() {
            error if error.raw_os_error() == Some(libc::EBUSY) => {}
            error => return Err(error),
        }
    }
    Err(io::Error::from_raw_os_error(libc::EBUSY))
}

const _: () = assert!(size_of::<LoopConfig>() == 304);

// From <linux/ext4.h>.
const EXT4_IOC_SHUTDOWN: libc::Ioctl = 0x8004_587D;
const EXT4_GOING_FLAGS_NOLOGFLUSH: u32 = 2;

/// Less than this is sooner written than discarded: the kernel tells the console of each discarded file system.
const DISCARD_FROM_BLOCKS: u64 = 256;

impl Image {
    /// Makes the file system forget what it has not written. Best effort: without it the unmount writes.
    pub(super) fn discard(&self) {
        let used = blocks_free(&self.point).map(|free| self.blocks_free.saturating_sub(free));
        if used.is_ok_and(|used| used < DISCARD_FROM_BLOCKS) {
            return;
        }
        let flags = EXT4_GOING_FLAGS_NOLOGFLUSH;
        // SAFETY: reads one u32.
        unsafe { libc::ioctl(self.point.as_raw_fd(), EXT4_IOC_SHUTDOWN, &raw const flags) };
    }
}

/// Of 4 KiB each.
fn blocks_free(point: &File) -> io::Result<u64> {
    Ok(fstatvfs(point)?.blocks_free())
}

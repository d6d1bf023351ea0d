//! The tree that user code sees.
//!
//! Order matters. What comes from the host is taken as detached mounts while the host's root is still
//! there; then the roots change places; only then are mount points made. No path of ours is therefore ever
//! resolved through a link that leads back into the host's tree.

use super::layers::Layers;
use super::{etc, image, relative, tmp};
use crate::control::{Failure, Setup};
use crate::{Layer, RootSpec, mount};
use nix::mount::{MntFlags, MsFlags, mount as mount_fs, umount2};
use nix::unistd::pivot_root;
use std::fs;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

pub(super) struct World {
    /// The root, not read-only: mount points are made through it. No user process has it.
    root: OwnedFd,
    /// `/proc`, not read-only.
    proc: Option<OwnedFd>,
    /// `/tmp`, if it is a disk image.
    tmp: Option<tmp::Image>,
}

/// Something of the host, on its way in.
pub(super) struct Import {
    mount: OwnedFd,
    directory: bool,
    target: PathBuf,
    attributes: u64,
}

impl Import {
    /// Makes what it is mounted on, unless that is there, and mounts it.
    pub(super) fn put(&self) -> io::Result<()> {
        make_point(&self.target, self.directory)?;
        mount::restrict(self.mount.as_fd(), self.attributes, true)?;
        mount::attach(self.mount.as_fd(), &self.target)
    }

    pub(super) fn target(&self) -> &Path {
        &self.target
    }
}

const DEVICES: [&str; 5] = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];

pub(super) const LINKS: [(&str, &str); 5] = [
    ("/dev/fd", "/proc/self/fd"),
    ("/dev/stdin", "/proc/self/fd/0"),
    ("/dev/stdout", "/proc/self/fd/1"),
    ("/dev/stderr", "/proc/self/fd/2"),
    ("/var/tmp", "/tmp"),
];

/// Readable or writable by anybody on some kernels, and about the host rather than the sandbox. Which of them
/// there are depends on the kernel.
const MASKED: [&str; 26] = [
    "/proc/acpi",
    "/proc/asound",
    "/proc/bus",
    "/proc/config.gz",
    "/proc/driver",
    "/proc/dynamic_debug",
    "/proc/fs",
    "/proc/interrupts",
    "/proc/irq",
    "/proc/kallsyms",
    "/proc/kcore",
    "/proc/key-users",
    "/proc/keys",
    "/proc/kmsg",
    "/proc/kpagecgroup",
    "/proc/kpagecount",
    "/proc/kpageflags",
    "/proc/latency_stats",
    "/proc/mtrr",
    "/proc/pagetypeinfo",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/slabinfo",
    "/proc/sysrq-trigger",
    "/proc/timer_list",
    "/proc/vmallocinfo",
];

/// A directory in which nothing is ever put.
const EMPTY: &str = "/run";

/// Room for mount points and the files of `/etc`; nothing else is ever written there.
const ROOT_OPTIONS: &str = "size=2m,nr_inodes=2048,mode=755";

/// Most of what programs share between processes; counted as memory of the sandbox.
const SHM_BYTES_MAX: u64 = 64 << 20;

impl World {
    pub(super) fn build(setup: &Setup, layers: &mut Layers) -> Result<World, Failure> {
        let fail = |what: &str| {
            let what = what.to_owned();
            move |error: io::Error| Failure { layer: Some(Layer::PrivateRoot), ..Failure::new(what, &error) }
        };
        let staging = setup.staging.as_path();
        mount_fs(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>)
            .map_err(|error| fail("cannot make mounts private")(error.into()))?;
        match &setup.spec.root.image {
            Some(image) => image::mount(image, staging),
            None => mount_own(staging),
        }
        .map_err(fail("cannot mount a root"))?;

        let imports = take_imports(setup)?;
        let links = host_links(&setup.spec.root);
        // Without a PID namespace of its own it would show the host's processes.
        let proc_mounted = match setup.own_pids {
            true => mount_proc(staging),
            false => Err(io::Error::other("a template has no use for one")),
        };
        let tmp = tmp::mount(setup, &staging.join("tmp"), layers)?;
        change_root(staging).map_err(fail("cannot change the root"))?;

        let proc = proc_mounted.and_then(|()| settle_proc());
        let proc = layers.demand(Layer::PrivateProc, "cannot mount /proc", "own, read-only", proc)?;
        let empty = match &setup.spec.root.image {
            Some(_) => image::furnish(setup, &imports)?,
            None => make_tree(setup, &imports, &links)?,
        };
        if proc.is_some() {
            mask_proc(empty).map_err(fail("cannot mask /proc"))?;
        }
        super::standard_streams_to_null().map_err(fail("cannot open /dev/null"))?;
        let root = mount::clone_tree(Path::new("/"), false).map_err(fail("cannot keep the root"))?;
        mount::restrict_at(Path::new("/"), mount::READ_ONLY)
            .and_then(|()| setup.spec.root.image.as_ref().map_or(Ok(()), |_| image::close()))
            .map_err(fail("cannot make the root read-only"))?;
        layers.enforced(Layer::PrivateRoot, "read-only, the host's root is detached");
        Ok(World { root, proc, tmp })
    }

    pub(super) fn proc(&self) -> Option<&OwnedFd> {
        self.proc.as_ref()
    }

    pub(super) fn proc_writable(&self) -> Result<Option<OwnedFd>, Failure> {
        let copy = self.proc.as_ref().map(OwnedFd::try_clone).transpose();
        copy.map_err(|error| Failure::new("cannot keep /proc", &error))
    }

    /// Makes an empty directory or file at `target` and its missing parents, unless it is there.
    pub(super) fn make_mount_point(&self, target: &Path, directory: bool) -> io::Result<()> {
        if fs::symlink_metadata(target).is_ok() {
            return Ok(());
        }
        let target = relative(target);
        self.make_parents(target)?;
        make_at(self.root.as_fd(), target, directory)
    }

    fn make_parents(&self, target: &Path) -> io::Result<()> {
        for parent in target.ancestors().skip(1).collect::<Vec<_>>().into_iter().rev() {
            if !parent.as_os_str().is_empty() {
                make_at(self.root.as_fd(), parent, true)?;
            }
        }
        Ok(())
    }

    /// Makes `link`, which points to `to`, unless it is there and does.
    ///
    /// # Errors
    /// `AlreadyExists` for something else at its place; `ReadOnlyFilesystem` within a bind.
    pub(super) fn make_link(&self, link: &Path, to: &Path) -> io::Result<()> {
        if fs::symlink_metadata(link).is_err() {
            self.make_parents(relative(link))?;
            let to = mount::c_string(to)?;
            let at = mount::c_string(relative(link))?;
            // SAFETY: NUL-terminated paths, one of them below a descriptor of ours.
            if unsafe { libc::symlinkat(to.as_ptr(), self.root.as_raw_fd(), at.as_ptr()) } < 0 {
                return Err(io::Error::last_os_error());
            }
        }
        match fs::read_link(link) {
            Ok(found) if found == to => Ok(()),
            // Made below a bind, where nobody sees it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(io::ErrorKind::ReadOnlyFilesystem.into())
            }
            _ => Err(io::ErrorKind::AlreadyExists.into()),
        }
    }

    /// Spares the disk the writing of what nobody will read: an unmount would flush it.
    pub(super) fn discard_tmp(&self) {
        if let Some(tmp) = &self.tmp {
            tmp.discard();
        }
    }
}

fn mount_own(staging: &Path) -> io::Result<()> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    Ok(mount_fs(Some("tmpfs"), staging, Some("tmpfs"), flags, Some(ROOT_OPTIONS))?)
}

fn make_at(root: BorrowedFd<'_>, path: &Path, directory: bool) -> io::Result<()> {
    let path = mount::c_string(path)?;
    let (kind, mode) = if directory { (libc::S_IFDIR, 0o755) } else { (libc::S_IFREG, 0o444) };
    // SAFETY: a NUL-terminated path below a descriptor of ours.
    let result = unsafe {
        if kind == libc::S_IFDIR {
            libc::mkdirat(root.as_raw_fd(), path.as_ptr(), mode)
        } else {
            libc::mknodat(root.as_raw_fd(), path.as_ptr(), kind | mode, 0)
        }
    };
    match result {
        0 => Ok(()),
        _ => match io::Error::last_os_error() {
            error if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            error => Err(error),
        },
    }
}

fn take_imports(setup: &Setup) -> Result<Vec<Import>, Failure> {
    let mut imports = Vec::new();
    let mut take = |source: &Path, target: &Path, attributes: u64, recursive: bool| -> Result<(), Failure> {
        let fail = |error: io::Error| Failure::new(format!("cannot bind {}", source.display()), &error);
        let directory = fs::metadata(source).map_err(fail)?.is_dir();
        let mount = mount::clone_tree(source, recursive).map_err(fail)?;
        imports.push(Import { mount, directory, target: target.to_owned(), attributes });
        Ok(())
    };
    if setup.spec.root.host_os {
        for path in os_paths().into_iter().filter(|path| !path.is_symlink() && path.exists()) {
            take(&path, &path, mount::READ_ONLY, true)?;
        }
    }
    for device in DEVICES.map(Path::new) {
        take(device, device, mount::READ_ONLY_DEVICE, false)?;
    }
    for (source, target) in &setup.cgroup_views {
        take(source, target, mount::READ_ONLY, false)?;
    }
    // Last, so that what the caller asks for lies on top. Recursive: a user namespace may not look
    // behind a mount.
    for bind in &setup.spec.root.binds {
        take(&bind.source, &bind.target, mount::READ_ONLY, true)?;
    }
    Ok(imports)
}

fn os_paths() -> Vec<PathBuf> {
    let system = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];
    system.into_iter().map(PathBuf::from).chain(etc::shared()).collect()
}

/// Where the host has a link, the sandbox has the same link: `/bin` to `usr/bin`, `/etc/localtime` to a zone.
fn host_links(root: &RootSpec) -> Vec<(PathBuf, PathBuf)> {
    if !root.host_os {
        return Vec::new();
    }
    let link = |path: PathBuf| fs::read_link(&path).ok().map(|to| (path, to));
    os_paths().into_iter().filter_map(link).collect()
}

/// Before the host's root goes: in a user namespace a new `/proc` may show only what an existing one shows.
fn mount_proc(staging: &Path) -> io::Result<()> {
    let point = staging.join("proc");
    super::make_unless_there(&point)?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    Ok(mount_fs(Some("proc"), &point, Some("proc"), flags, Some("hidepid=2"))?)
}

fn settle_proc() -> io::Result<OwnedFd> {
    let writable = mount::clone_tree(Path::new("/proc"), false)?;
    mount::restrict_at(Path::new("/proc"), mount::READ_ONLY)?;
    Ok(writable)
}

/// Files show nothing, directories are empty.
fn mask_proc(empty: &Path) -> io::Result<()> {
    for path in MASKED.map(Path::new) {
        let Ok(found) = fs::symlink_metadata(path) else { continue };
        let mask = if found.is_dir() {
            let empty = mount::clone_tree(empty, false)?;
            mount::restrict(empty.as_fd(), mount::READ_ONLY, false)?;
            empty
        } else {
            mount::clone_tree(Path::new("/dev/null"), false)?
        };
        mount::attach(mask.as_fd(), path)?;
    }
    Ok(())
}

/// pivot_root(2) explains the two dots.
fn change_root(staging: &Path) -> io::Result<()> {
    std::env::set_current_dir(staging)?;
    pivot_root(".", ".")?;
    umount2(".", MntFlags::MNT_DETACH)?;
    std::env::set_current_dir("/")
}

/// Gives a directory in which nothing is ever put.
fn make_tree(
    setup: &Setup,
    imports: &[Import],
    links: &[(PathBuf, PathBuf)],
) -> Result<&'static Path, Failure> {
    let spec = &setup.spec;
    let at = |path: &Path| {
        let what = format!("cannot make {} in the sandbox's root", path.display());
        move |error: io::Error| Failure::new(what, &error)
    };
    for directory in ["/dev", "/etc", "/proc", EMPTY, "/var"].map(Path::new) {
        fs::create_dir_all(directory).map_err(at(directory))?;
    }
    for (link, to) in links {
        make_parent(link).and_then(|()| symlink(to, link)).map_err(at(link))?;
    }
    for (path, text) in etc::own_files(spec, if setup.privileged { setup.uid } else { 0 }) {
        write_file(Path::new(path), &text).map_err(at(Path::new(path)))?;
    }
    for import in imports {
        import.put().map_err(at(import.target()))?;
    }
    for (link, to) in LINKS.map(|(link, to)| (Path::new(link), to)) {
        symlink(to, link).map_err(at(link))?;
    }
    for directory in &spec.root.directories {
        fs::create_dir_all(directory).map_err(at(directory))?;
    }
    for (link, to) in &spec.root.symlinks {
        make_parent(link).and_then(|()| symlink(to, link)).map_err(at(link))?;
    }
    mount_shm(spec.memory_bytes).map_err(at(Path::new("/dev/shm")))?;
    Ok(Path::new(EMPTY))
}

fn make_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)
}

fn make_point(path: &Path, directory: bool) -> io::Result<()> {
    if directory {
        return fs::create_dir_all(path);
    }
    make_parent(path)?;
    if path.exists() { Ok(()) } else { write_file(path, "") }
}

pub(super) fn write_file(path: &Path, text: &str) -> io::Result<()> {
    fs::write(path, text)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o444))
}

pub(super) fn mount_shm(memory_bytes: u64) -> io::Result<()> {
    let point = Path::new("/dev/shm");
    fs::create_dir(point)?;
    let options = format!("size={},nr_inodes=4096,mode=1777", SHM_BYTES_MAX.min(memory_bytes / 2));
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    Ok(mount_fs(Some("tmpfs"), point, Some("tmpfs"), flags, Some(options.as_str()))?)
}

//! A root that is an image's tree.
//!
//! The tree is shared with other sandboxes and never written, not even to make mount points: whoever made it saw
//! to it that they are there. What is in it is hostile, so that no path is followed before it is certain that no
//! link is on it: with `/proc` mounted and all privileges left, a link could lead to the kernel's own files.

use super::etc;
use super::root::{self, Import};
use crate::control::{Failure, Setup};
use crate::spec::{IMAGE_DIRECTORIES, IMAGE_FILES};
use crate::{Layer, mount};
use nix::mount::{MntFlags, MsFlags, mount as mount_fs, umount2};
use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::symlink;
use std::path::Path;

/// Where the sandbox's own files are made before they are mounted over the image's.
const OWN: &str = "/dev/.own";
/// A directory in which nothing is ever put. A mount of its own, so that it lives on where it masks something.
const EMPTY: &str = "/dev/.empty";
const OPTIONS: &str = "size=1m,nr_inodes=1024,mode=755";

/// Mounts `image`, read-only, at `staging`.
pub(super) fn mount(image: &Path, staging: &Path) -> io::Result<()> {
    let tree = mount::clone_tree(image, false)?;
    mount::restrict(tree.as_fd(), mount::READ_ONLY, false)?;
    mount::attach(tree.as_fd(), staging)?;
    // Nobody else writes to it, so what holds now holds until the end.
    for (names, directories) in [(&IMAGE_DIRECTORIES[..], true), (&IMAGE_FILES[..], false)] {
        for name in names {
            let found = fs::symlink_metadata(staging.join(name))?;
            if !(if directories { found.is_dir() } else { found.is_file() }) {
                let what = if directories { "directory" } else { "file" };
                return Err(io::Error::other(format!("/{name} of the image is no {what}")));
            }
        }
    }
    Ok(())
}

/// Mounts what is the sandbox's own over the image's, after the roots have changed places. Gives a directory in
/// which nothing is ever put.
pub(super) fn furnish(setup: &Setup, imports: &[Import]) -> Result<&'static Path, Failure> {
    let spec = &setup.spec;
    let at = |path: &Path| {
        let what = format!("cannot make {} over the image", path.display());
        move |error: io::Error| Failure { layer: Some(Layer::PrivateRoot), ..Failure::new(what, &error) }
    };
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    for point in ["/dev", "/sys"].map(Path::new) {
        mount_fs(Some("tmpfs"), point, Some("tmpfs"), flags, Some(OPTIONS))
            .map_err(|error| at(point)(error.into()))?;
    }
    for directory in [OWN, EMPTY].map(Path::new) {
        fs::create_dir(directory).map_err(at(directory))?;
    }
    mount_fs(Some("tmpfs"), EMPTY, Some("tmpfs"), flags, Some("nr_inodes=1,mode=755"))
        .map_err(|error| at(Path::new(EMPTY))(error.into()))?;
    for (path, text) in etc::own_files(spec, if setup.privileged { setup.uid } else { 0 }) {
        put_file(Path::new(path), &text).map_err(at(Path::new(path)))?;
    }
    fs::remove_dir(OWN).map_err(at(Path::new(OWN)))?;
    for import in imports {
        import.put().map_err(at(import.target()))?;
    }
    // `/var/tmp` is the image's own.
    for (link, to) in root::LINKS.into_iter().filter(|(link, _)| link.starts_with("/dev/")) {
        symlink(to, link).map_err(at(Path::new(link)))?;
    }
    root::mount_shm(spec.memory_bytes).map_err(at(Path::new("/dev/shm")))?;
    Ok(Path::new(EMPTY))
}

/// A file with no name but the one that it is mounted at.
fn put_file(target: &Path, text: &str) -> io::Result<()> {
    let draft = Path::new(OWN).join("file");
    root::write_file(&draft, text)?;
    let file = mount::clone_tree(&draft, false)?;
    mount::restrict(file.as_fd(), mount::READ_ONLY, false)?;
    mount::attach(file.as_fd(), target)?;
    fs::remove_file(&draft)
}

/// Nothing is added any more.
pub(super) fn close() -> io::Result<()> {
    umount2(EMPTY, MntFlags::MNT_DETACH)?;
    fs::remove_dir(EMPTY)?;
    ["/dev", "/sys"].into_iter().try_for_each(|point| mount::restrict_at(Path::new(point), mount::READ_ONLY))
}

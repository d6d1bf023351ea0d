use crate::place::{Place, kind};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::stat::{SFlag, fstat};
use std::path::{Component, Path, PathBuf};

/// What is at a path inside an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    Directory,
    /// A file that may be executed; its absolute path inside.
    Program(PathBuf),
    /// A file that may not, or something that is no file.
    NotExecutable,
    Missing,
}

/// Directories of a search path that are looked into. Who made the image made the path, and each look costs.
const SEARCHED_MAX: usize = 64;

/// Looks a program up as `execvp` would with `search` as its `PATH` and `cwd` as its working directory, but in the
/// tree `root` instead of in ours: no link leads out of it. Blocks.
pub fn find_program(root: &Path, program: &str, search: &str, cwd: &str) -> Found {
    let Ok(place) = Place::open(root) else { return Found::Missing };
    let places: Vec<PathBuf> = if program.starts_with('/') {
        vec![PathBuf::from(program)]
    } else if program.contains('/') {
        vec![Path::new(cwd).join(program)]
    } else {
        search
            .split(':')
            .filter(|part| part.starts_with('/'))
            .take(SEARCHED_MAX)
            .map(|part| Path::new(part).join(program))
            .collect()
    };
    let mut worst = Found::Missing;
    for path in places {
        match look_at(&place, &path) {
            Found::Missing => {}
            found @ Found::Program(_) => return found,
            found if worst == Found::Missing => worst = found,
            _ => {}
        }
    }
    worst
}

fn look_at(place: &Place, path: &Path) -> Found {
    let clean: PathBuf = path
        .components()
        .filter(|part| matches!(part, Component::Normal(_) | Component::ParentDir))
        .collect();
    match place.resolve(&clean, OFlag::O_PATH).and_then(fstat) {
        Ok(found) if kind(&found) == SFlag::S_IFDIR => Found::Directory,
        Ok(found) if kind(&found) == SFlag::S_IFREG && found.st_mode & 0o111 != 0 => {
            Found::Program(path.to_owned())
        }
        Ok(_) => Found::NotExecutable,
        Err(Errno::EACCES) => Found::NotExecutable,
        Err(_) => Found::Missing,
    }
}

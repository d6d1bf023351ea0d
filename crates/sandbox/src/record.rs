//! Which cgroup directories this owner has used: a later server may run in another group, and could not
//! find what its predecessor left elsewhere.

use crate::cgroup;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

fn file(state_dir: &Path) -> PathBuf {
    state_dir.join("cgroups")
}

/// Lines beyond this many are dropped, oldest first: their hierarchies are long gone.
const LINES_MAX: usize = 256;

pub(crate) fn remember(state_dir: &Path, directories: &[&Path]) -> io::Result<()> {
    let mut lines = lines(state_dir)?;
    for directory in directories {
        let line = directory.display().to_string();
        lines.retain(|known| *known != line);
        lines.push(line);
    }
    write(state_dir, &lines)
}

/// Only what is named as this owner's groups are: the file decides about killing.
pub(crate) fn read(state_dir: &Path, owner: &str) -> io::Result<Vec<PathBuf>> {
    let name = cgroup::directory_name(owner);
    let ours = |path: &PathBuf| path.is_absolute() && path.file_name().is_some_and(|last| *last == *name);
    Ok(lines(state_dir)?.into_iter().map(PathBuf::from).filter(ours).collect())
}

pub(crate) fn forget_gone(state_dir: &Path, owner: &str) -> io::Result<()> {
    let left = read(state_dir, owner)?.into_iter().filter(|path| path.exists());
    write(state_dir, &left.map(|path| path.display().to_string()).collect::<Vec<_>>())
}

fn lines(state_dir: &Path) -> io::Result<Vec<String>> {
    match fs::read_to_string(file(state_dir)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        text => Ok(text?.lines().map(str::to_owned).collect()),
    }
}

fn write(state_dir: &Path, lines: &[String]) -> io::Result<()> {
    let kept = lines.get(lines.len().saturating_sub(LINES_MAX)..).unwrap_or(lines);
    let draft = state_dir.join("cgroups.draft");
    fs::write(&draft, kept.iter().map(|line| format!("{line}\n")).collect::<String>())?;
    fs::rename(draft, file(state_dir))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_only_its_own() {
        let state = tempfile::tempdir().unwrap();
        let own = state.path().join("zerun-a");
        fs::create_dir(&own).unwrap();
        remember(state.path(), &[&own, Path::new("/x/zerun-a"), Path::new("/x/other")]).unwrap();
        remember(state.path(), &[&own]).unwrap();
        assert_eq!(read(state.path(), "a").unwrap(), [Path::new("/x/zerun-a"), own.as_path()]);
        forget_gone(state.path(), "a").unwrap();
        assert_eq!(read(state.path(), "a").unwrap(), [own]);
    }
}

//! What V8 made of the large files of a function's package, ahead of the starts that need it.
//!
//! Compiling is what a large bundle takes most of its start for. V8 gives out what it made, and takes it back in a
//! process of the same build and the same options. Files are compiled, not run, by a process that is to be enclosed
//! like a function: what it reads is anybody's. What comes out is shown to instances of that same package alone.

use crate::launch::{SHIM, TASK, shim};
use crate::runtimes::Runner;
use crate::{Base, Family, Kind, Launch, RuntimeId, RuntimeMissing, Runtimes};
use std::path::Path;

/// Where instances find it.
pub const COMPILED: &str = "/var/compiled";

/// Of one file: below, compiling takes less than it takes to look.
pub const SOURCE_BYTES_MIN: u64 = 32 << 10;

/// Of one file, so that what is made of it fits into memory beside it.
pub const SOURCE_BYTES_MAX: u64 = 16 << 20;

/// Of one package: the largest.
pub const FILES_MAX: usize = 64;

/// Of one package together.
pub const PACKAGE_BYTES_MAX: u64 = 32 << 20;

/// Of all that is made of one package. It is about twice as much as there was.
pub const OUTPUT_BYTES_MAX: u64 = 4 * PACKAGE_BYTES_MAX;

/// A process that compiles files of a package at `/var/task` and writes what it made to its standard output, which
/// [`parts`] reads.
#[derive(Debug)]
pub struct Compilation {
    pub base: Base,
    pub argv: Vec<String>,
}

impl Runtimes {
    /// Compiles the files `names`, relative to the package, for functions with so much memory; `None` for runtimes
    /// without such a thing. Blocks like [`Runtimes::check`].
    ///
    /// # Errors
    /// [`RuntimeMissing`]
    pub fn compilation(
        &self,
        runtime: &RuntimeId,
        memory_mb: u32,
        names: &[String],
    ) -> Result<Option<Compilation>, RuntimeMissing> {
        let Runner::Interpreter(found) = self.runner(runtime)? else { return Ok(None) };
        if found.kind != Kind::Node {
            return Ok(None);
        }
        // The options of the functions' own processes: with others V8 does not take what was made.
        let Some(mut argv) = shim(found, memory_mb) else { return Ok(None) };
        argv.pop();
        argv.extend([format!("{SHIM}/compile.js"), TASK.to_owned()]);
        argv.extend_from_slice(names);
        Ok(Some(Compilation { base: self.base_of(found), argv }))
    }
}

impl Launch {
    /// The interpreter whose instances take what was compiled for it: `node:20.20.2`.
    pub fn compiled_for(&self, runtime: &RuntimeId) -> Option<&str> {
        let fits = matches!(runtime.family(), Family::Node { .. }) && self.speaks_channel;
        fits.then_some(self.runtime_version.as_str())
    }
}

/// The files of a package that are worth it, largest first, relative to `package`. Follows no link and blocks.
pub fn worth_compiling(package: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let (mut directories, mut looked_at) = (vec![package.to_owned()], 0);
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
            looked_at += 1;
            if looked_at > ENTRIES_MAX {
                break;
            }
            let Ok(metadata) = entry.path().symlink_metadata() else { continue };
            if metadata.is_dir() {
                directories.push(entry.path());
            } else if metadata.is_file()
                && (SOURCE_BYTES_MIN..=SOURCE_BYTES_MAX).contains(&metadata.len())
                && let Some(name) = name_of(&entry.path(), package)
            {
                found.push((metadata.len(), name));
            }
        }
    }
    found.sort_unstable_by(|a, b| b.cmp(a));
    let mut bytes = 0;
    found.retain(|(length, _)| {
        let fits = bytes + length <= PACKAGE_BYTES_MAX;
        bytes += if fits { *length } else { 0 };
        fits
    });
    found.truncate(FILES_MAX);
    found.into_iter().map(|(_, name)| name).collect()
}

/// A package has hardly more files and directories.
const ENTRIES_MAX: usize = 50_000;

/// All names together are arguments of one program.
const NAME_BYTES_MAX: usize = 1024;

fn name_of(file: &Path, package: &Path) -> Option<String> {
    let extension = file.extension()?;
    let name = file.strip_prefix(package).ok()?.to_str()?;
    ((extension == "js" || extension == "cjs") && name.len() <= NAME_BYTES_MAX).then(|| name.to_owned())
}

/// What was made of each of `count` files, empty for those of which nothing could be made; `None` where the process
/// wrote something else.
pub fn parts(output: &[u8], count: usize) -> Option<Vec<&[u8]>> {
    let mut rest = output;
    let mut parts = Vec::new();
    for _ in 0..count {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let (part, after) = after.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        parts.push(part);
        rest = after;
    }
    rest.is_empty().then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn large_scripts_are_worth_it() {
        let package = tempfile::tempdir().unwrap();
        let write = |name: &str, length: u64| {
            let path = package.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, vec![b' '; usize::try_from(length).unwrap()]).unwrap();
        };
        write("index.js", SOURCE_BYTES_MIN);
        write("small.js", SOURCE_BYTES_MIN - 1);
        write("data.json", SOURCE_BYTES_MIN * 2);
        write("module.mjs", SOURCE_BYTES_MIN * 2);
        write("node_modules/a/b.cjs", SOURCE_BYTES_MIN * 3);
        std::os::unix::fs::symlink("/", package.path().join("out")).unwrap();
        std::os::unix::fs::symlink("index.js", package.path().join("again.js")).unwrap();
        assert_eq!(worth_compiling(package.path()), ["node_modules/a/b.cjs", "index.js"]);
        assert_eq!(worth_compiling(&package.path().join("none")), [""; 0]);
    }

    #[test]
    fn the_largest_files_are_chosen_up_to_the_bounds() {
        let package = tempfile::tempdir().unwrap();
        for number in 0..=FILES_MAX {
            let file = std::fs::File::create(package.path().join(format!("{number:03}.js"))).unwrap();
            file.set_len(SOURCE_BYTES_MIN + number as u64).unwrap();
        }
        let chosen = worth_compiling(package.path());
        assert_eq!((chosen.len(), chosen.last().unwrap().as_str()), (FILES_MAX, "001.js"));
        for name in ["x.js", "y.js", "z.js"] {
            let file = std::fs::File::create(package.path().join(name)).unwrap();
            file.set_len(SOURCE_BYTES_MAX).unwrap();
        }
        assert_eq!(worth_compiling(package.path()), ["z.js", "y.js"]);
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..5)) {
            let mut output = Vec::new();
            for part in &parts {
                output.extend_from_slice(&u32::try_from(part.len()).unwrap().to_be_bytes());
                output.extend_from_slice(part);
            }
            let read = super::parts(&output, parts.len()).unwrap();
            prop_assert_eq!(read, parts.iter().map(Vec::as_slice).collect::<Vec<_>>());
            prop_assert!(super::parts(&output, parts.len() + 1).is_none());
            output.push(0);
            prop_assert!(super::parts(&output, parts.len()).is_none());
        }

        #[test]
        fn any_output_is_read_or_refused(output: Vec<u8>, count in 0usize..4) {
            if let Some(parts) = super::parts(&output, count) {
                prop_assert_eq!(parts.iter().map(|part| part.len() + 4).sum::<usize>(), output.len());
            }
        }
    }
}

use crate::compiler::{COMPONENT_BYTES_MAX, CompileError, Compiler};
use crate::program::Refusal;
use aws_lc_rs::digest::{SHA256, digest};
use clock::Clock;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Machine code on disk, by the component's hash and the engine's fingerprint.
///
/// What lies here is run without another check, so the directory is the server's alone, and a file gets its
/// name when it is complete and on disk.
pub(crate) struct Compiled {
    directory: PathBuf,
    compiler: Compiler,
    clock: Clock,
}

/// Of all files together; beyond, what was compiled first goes, and is compiled again when it is needed.
const KEPT_BYTES_MAX: u64 = 4 << 30;

const UNFINISHED: &str = ".unfinished-";

impl Compiled {
    /// # Errors
    /// The directory cannot be made or read.
    pub fn new(directory: PathBuf, compiler: Compiler, clock: Clock) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&directory)?;
        for entry in fs::read_dir(&directory)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(Compiled { directory, compiler, clock })
    }

    /// The machine code of `component`, made if need be.
    pub async fn of(&self, component: &Path, fingerprint: &str) -> Result<PathBuf, CompileError> {
        let hash = {
            let component = component.to_owned();
            blocking(move || hash(&component)).await??
        };
        let code = self.directory.join(format!("{hash}-{fingerprint}"));
        if code.exists() {
            return Ok(code);
        }
        let unfinished = self.directory.join(format!("{UNFINISHED}{}", self.clock.random_token(16)));
        let compiled = self.compiler.compile(component, &unfinished).await;
        let directory = self.directory.clone();
        blocking(move || {
            if let Err(error) = compiled {
                // What is left of it goes at the next start.
                let _ = fs::remove_file(&unfinished);
                return Err(error);
            }
            fs::rename(&unfinished, &code).map_err(failed)?;
            make_room(&directory, &code).map_err(failed)?;
            Ok(code)
        })
        .await?
    }
}

fn hash(component: &Path) -> Result<String, CompileError> {
    let mut bytes = Vec::new();
    let file = File::open(component).map_err(failed)?;
    file.take(COMPONENT_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > COMPONENT_BYTES_MAX {
        return Err(Refusal(format!("the component has more than {COMPONENT_BYTES_MAX} bytes")).into());
    }
    Ok(hex::encode(digest(&SHA256, &bytes)))
}

fn make_room(directory: &Path, newest: &Path) -> io::Result<()> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let found = entry.metadata()?;
        if entry.path() != newest && !entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            files.push((found.modified()?, found.len(), entry.path()));
        }
    }
    files.sort();
    let mut bytes: u64 = files.iter().map(|(_, bytes, _)| bytes).sum::<u64>() + fs::metadata(newest)?.len();
    for (_, freed, path) in files {
        if bytes <= KEPT_BYTES_MAX {
            break;
        }
        // Programs that are loaded keep what they have mapped.
        fs::remove_file(path)?;
        bytes -= freed;
    }
    Ok(())
}

fn failed(error: io::Error) -> CompileError {
    CompileError::Failed(format!("compiled components cannot be kept: {error}"))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, CompileError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| failed(io::Error::other(error)))
}

//! Archives of classes (class-data sharing): what the virtual machine would read, check and lay out at each start is
//! mapped from a file instead.
//!
//! A pack has one for each Java it was installed for, of the classes that a first invocation takes of the runtime
//! interface client and of Java. It is good for one build of Java and one class path, libraries' times included;
//! otherwise the virtual machine starts without it. It is made by a trial run, which somebody has to lead who knows
//! sandboxes: paths must be the same as in a function's.

use crate::launch::java;
use crate::launch::{Base, runtime_base};
use crate::report::InitKind;
use crate::{Interpreter, Kind, RuntimeId, Session, Surroundings, environment};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A trial run that makes an archive. The process asks the Runtime API, is to get one event, and writes the archive
/// when it is ended by SIGTERM.
#[derive(Debug)]
pub struct TrialRun {
    /// `java21`
    pub identifier: String,
    pub base: Base,
    pub argv: Vec<String>,
    pub environment: Vec<(String, String)>,
    /// Where the process writes the archive.
    pub archive: &'static str,
    /// Where it belongs in the pack.
    place: PathBuf,
}

/// Larger than any.
pub const ARCHIVE_BYTES_MAX: u64 = 256 << 20;

/// Before this Java has no archives that are written at the end of a run.
const FEATURE_MIN: u16 = 13;

/// What any function's first invocation does, done by a class that every Java has: it takes an event of any form and
/// answers `false`.
const HANDLER: &str = "java.util.HashSet::contains";

const ARCHIVE: &str = "/tmp/classes.jsa";

/// The archive of `found` in a pack, below the pack.
pub(crate) fn place(found: &Interpreter) -> PathBuf {
    Path::new("classes").join(format!("{}.jsa", found.version))
}

/// One for each of `interpreters` for which `pack` has no archive. `runtime_api` is where they find it, `host:port`.
pub fn trial_runs(pack: &Path, interpreters: &[Interpreter], runtime_api: &str) -> Vec<TrialRun> {
    let of_java = interpreters.iter().filter(|found| found.kind == Kind::Java);
    let lacking =
        of_java.filter(|found| java::feature(found) >= FEATURE_MIN && !pack.join(place(found)).exists());
    lacking.filter_map(|found| trial_run(pack, found, runtime_api)).collect()
}

fn trial_run(pack: &Path, found: &Interpreter, runtime_api: &str) -> Option<TrialRun> {
    let identifier = found.identifier()?;
    let runtime = RuntimeId::parse(&identifier).ok()?;
    let request = java::Program { handler: HANDLER, memory_mb: 512, own_options: "" };
    let mut argv = java::program(&request, found, pack).ok()?;
    let options = [format!("-XX:ArchiveClassesAtExit={ARCHIVE}"), "-Xlog:disable".to_owned()];
    argv.splice(1..1, options);
    let surroundings = Surroundings {
        runtime: &runtime,
        image: None,
        handler: HANDLER,
        function_name: "trial",
        version: "$LATEST",
        region: "us-east-1",
        memory_mb: 512,
        log_group: "/aws/lambda/trial",
        log_stream: "trial",
        log_format: "Text",
        log_level: None,
        init: InitKind::OnDemand,
        runtime_api,
        endpoint_url: "http://127.0.0.1",
        session: Session { access_key_id: "none", secret_access_key: "none", session_token: "none" },
        user: &BTreeMap::new(),
    };
    Some(TrialRun {
        environment: environment(&surroundings),
        base: runtime_base(found, pack.to_owned(), None),
        identifier,
        argv,
        archive: ARCHIVE,
        place: pack.join(place(found)),
    })
}

impl TrialRun {
    /// Puts the archive into the pack, all or nothing, and on the disk: the virtual machine trusts its contents.
    ///
    /// # Errors
    /// The pack cannot be written.
    pub fn keep(&self, archive: &[u8]) -> io::Result<()> {
        let directory = self.place.parent().unwrap_or(&self.place);
        std::fs::create_dir_all(directory)?;
        std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o755))?;
        let staging = directory.join(format!(".{}-{}", self.identifier, std::process::id()));
        let written = File::create(&staging).and_then(|mut file| {
            file.write_all(archive)?;
            file.set_permissions(std::fs::Permissions::from_mode(0o444))?;
            file.sync_all()
        });
        let renamed = written.and_then(|()| std::fs::rename(&staging, &self.place));
        if renamed.is_err() {
            // The first failure is the one to tell.
            let _ = std::fs::remove_file(&staging);
        }
        renamed
    }
}

//! Functions that are container images: the image says what is started, the function may say otherwise.

use super::{Base, Launch, LaunchError};
use crate::Runtimes;
use images::{Found, find_program};
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// What an image starts, with what the function's `ImageConfig` puts in its place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImageProgram {
    pub entrypoint: Vec<String>,
    pub command: Vec<String>,
    /// Absolute.
    pub working_directory: String,
    /// The image's own variables; those of the function come over them.
    pub environment: BTreeMap<String, String>,
}

/// What programs search where neither image nor function says: as other runtimes of images have it.
pub(crate) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

impl Runtimes {
    /// What to start of the image whose tree is `root` on the host; `path` is the function's own `PATH`. Reads the
    /// disk, and follows no link out of the tree.
    ///
    /// # Errors
    /// `Entrypoint`: there is no such program or directory.
    pub fn launch_image(
        &self,
        root: &Path,
        program: &ImageProgram,
        path: Option<&str>,
        region: &str,
    ) -> Result<Launch, LaunchError> {
        let refused = |reason: String| Err(LaunchError::Entrypoint(reason));
        let cwd = program.working_directory.as_str();
        let mut argv: Vec<String> = program.entrypoint.iter().chain(&program.command).cloned().collect();
        let Some(first) = argv.first_mut() else {
            return refused("Couldn't find valid bootstrap(s): []".to_owned());
        };
        match find_program(root, cwd, "", "/") {
            Found::Directory => {}
            Found::Missing => return refused(format!("chdir {cwd}: no such file or directory")),
            _ => return refused(format!("chdir {cwd}: not a directory")),
        }
        let search = path.or(program.environment.get("PATH").map(String::as_str)).unwrap_or(PATH);
        match find_program(root, first, search, cwd) {
            Found::Program(found) => *first = found.to_string_lossy().into_owned(),
            Found::Missing if !first.contains('/') => {
                return refused(format!("Couldn't find valid bootstrap(s): [{first}]"));
            }
            Found::Missing => return refused(format!("fork/exec {first}: no such file or directory")),
            Found::NotExecutable | Found::Directory => {
                return refused(format!("fork/exec {first}: permission denied"));
            }
        }
        Ok(Launch {
            argv,
            cwd: cwd.into(),
            speaks_channel: false,
            base: Base { image: Some(root.to_owned()), ..Base::default() },
            binds: Vec::new(),
            symlinks: Vec::new(),
            runtime_version: "image".to_owned(),
            runtime_arn: self.version_arn(region),
        })
    }
}

/// As Lambda's logs show it.
impl fmt::Display for ImageProgram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (entrypoint, command) = (self.entrypoint.join(", "), self.command.join(", "));
        write!(f, "Entrypoint: [{entrypoint}]\tCmd: [{command}]\tWorkingDir: [{}]", self.working_directory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn what_is_started_is_in_the_image() {
        let dir = tempfile::tempdir().unwrap();
        let runtimes = Runtimes::open(dir.path()).unwrap();
        let root = dir.path().join("root");
        std::fs::create_dir_all(root.join("srv")).unwrap();
        std::fs::create_dir_all(root.join("bin")).unwrap();
        for (name, mode) in [("bin/app", 0o755), ("srv/app", 0o755), ("srv/data", 0o644)] {
            std::fs::write(root.join(name), "x").unwrap();
            std::fs::set_permissions(root.join(name), std::fs::Permissions::from_mode(mode)).unwrap();
        }
        std::os::unix::fs::symlink("/bin/sh", root.join("bin/outside")).unwrap();
        let launch = |entrypoint: &[&str], command: &[&str], directory: &str| {
            let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
            let program = ImageProgram {
                entrypoint: owned(entrypoint),
                command: owned(command),
                working_directory: directory.to_owned(),
                environment: BTreeMap::from([("PATH".to_owned(), "/bin".to_owned())]),
            };
            runtimes.launch_image(&root, &program, None, "us-east-1").map_err(|error| error.to_string())
        };
        let started = |entrypoint: &[&str], command: &[&str], directory: &str| {
            launch(entrypoint, command, directory).map(|launch| launch.argv)
        };
        assert_eq!(started(&["/srv/app"], &["a", "b"], "/").unwrap(), ["/srv/app", "a", "b"]);
        assert_eq!(started(&[], &["app"], "/").unwrap(), ["/bin/app"]);
        assert_eq!(started(&["./app"], &[], "/srv").unwrap(), ["/srv/./app"]);
        assert_eq!(launch(&["app"], &[], "/srv").unwrap().cwd, Path::new("/srv"));
        for (entrypoint, directory, reason) in [
            (&[][..], "/", "Couldn't find valid bootstrap(s): []"),
            (&["none"], "/", "Couldn't find valid bootstrap(s): [none]"),
            (&["/none"], "/", "fork/exec /none: no such file or directory"),
            (&["/bin/outside"], "/", "fork/exec /bin/outside: no such file or directory"),
            (&["/srv/data"], "/", "fork/exec /srv/data: permission denied"),
            (&["/srv"], "/", "fork/exec /srv: permission denied"),
            (&["app"], "/none", "chdir /none: no such file or directory"),
            (&["app"], "/srv/data", "chdir /srv/data: not a directory"),
        ] {
            assert_eq!(started(entrypoint, &[], directory), Err(reason.to_owned()));
        }
    }
}

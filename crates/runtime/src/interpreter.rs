mod candidates;
mod probe;

use crate::Family;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// An interpreter found on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Interpreter {
    pub kind: Kind,
    /// `20.20.2`
    pub version: String,
    /// The program itself, behind every link and version manager's shim.
    pub executable: PathBuf,
    /// The directory that holds all it needs: `bin`, `lib`, ….
    pub prefix: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Node,
    Python,
    Java,
    Ruby,
}

impl Kind {
    pub const ALL: [Kind; 4] = [Kind::Node, Kind::Python, Kind::Java, Kind::Ruby];

    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Node => "node",
            Kind::Python => "python",
            Kind::Java => "java",
            Kind::Ruby => "ruby",
        }
    }

    /// Whether a pack can be installed for it.
    pub fn has_packs(self) -> bool {
        self != Kind::Ruby
    }

    /// What runs functions of `family`; `None` where the code brings its own program.
    pub fn of(family: Family) -> Option<Kind> {
        match family {
            Family::Node { .. } => Some(Kind::Node),
            Family::Python { .. } => Some(Kind::Python),
            Family::Java { .. } => Some(Kind::Java),
            Family::Ruby { .. } => Some(Kind::Ruby),
            Family::Provided => None,
        }
    }
}

/// The oldest that our shims are written for.
const NODE_MAJOR_MIN: u16 = 18;
const PYTHON_MINOR_MIN: u16 = 8;
const RUBY_MIN: (u16, u16) = (2, 7);
/// The oldest that the runtime interface client is compiled for.
const JAVA_FEATURE_MIN: u16 = 8;

/// More interpreters than anyone has; what is found beyond is left out.
const FOUND_MAX: usize = 64;

impl Interpreter {
    /// Asks the program at `path` what it is. Runs it, so `path` is trusted: the administrator's own.
    pub fn probe(kind: Kind, path: &Path) -> Option<Interpreter> {
        probe::probe(kind, path)
    }

    /// The identifier's family that this interpreter is for; `None` when it is too old.
    pub fn family(&self) -> Option<Family> {
        let mut numbers = self.version.split('.').map(|part| part.parse::<u16>());
        let major = numbers.next()?.ok()?;
        match self.kind {
            Kind::Node => (major >= NODE_MAJOR_MIN).then_some(Family::Node { major }),
            Kind::Python => {
                let minor = numbers.next()?.ok()?;
                (major == 3 && minor >= PYTHON_MINOR_MIN).then_some(Family::Python { minor })
            }
            Kind::Java => (major >= JAVA_FEATURE_MIN).then_some(Family::Java { feature: major }),
            Kind::Ruby => {
                let minor = numbers.next()?.ok()?;
                ((major, minor) >= RUBY_MIN).then_some(Family::Ruby { major, minor })
            }
        }
    }

    /// The identifier in its own words, e.g. `nodejs20.x`.
    pub fn identifier(&self) -> Option<String> {
        self.family()?.identifier()
    }

    /// It lies in the part of the host that every sandbox sees anyway.
    pub fn is_in_host_os(&self) -> bool {
        self.executable.starts_with("/usr") && self.prefix.starts_with("/usr")
    }

    /// Its path inside a sandbox; what is not in `/usr` is mounted at `/var/lang`.
    pub fn path_inside(&self) -> PathBuf {
        if self.is_in_host_os() {
            return self.executable.clone();
        }
        match self.executable.strip_prefix(&self.prefix) {
            Ok(below) => Path::new("/var/lang").join(below),
            Err(_) => self.executable.clone(),
        }
    }
}

/// Looks for interpreters: along `PATH`, then in the usual places, then among version managers'.
/// The first one of each version of a language wins; they are sorted, oldest first.
pub fn discover() -> Vec<Interpreter> {
    discover_among(&Kind::ALL)
}

/// [`discover`] for some languages only.
pub fn discover_among(kinds: &[Kind]) -> Vec<Interpreter> {
    let mut found: Vec<Interpreter> = Vec::new();
    let mut seen: Vec<PathBuf> = Vec::new();
    for (kind, path) in candidates::candidates() {
        if !kinds.contains(&kind) {
            continue;
        }
        // A version manager's shim is one file for many versions: its link target says nothing.
        let Ok(real) = path.canonicalize() else { continue };
        if seen.contains(&real) || found.len() == FOUND_MAX {
            continue;
        }
        seen.push(real);
        let Some(interpreter) = Interpreter::probe(kind, &path) else { continue };
        seen.push(interpreter.executable.clone());
        let is_new = interpreter.family().is_some()
            && found.iter().all(|other| other.identifier() != interpreter.identifier());
        if is_new {
            found.push(interpreter);
        }
    }
    found.sort_by_key(|interpreter| (interpreter.kind, interpreter.family()));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interpreters_outside_usr_are_mounted_where_functions_expect_them() {
        let interpreter = |executable: &str, prefix: &str| Interpreter {
            kind: Kind::Python,
            version: "3.11.7".into(),
            executable: executable.into(),
            prefix: prefix.into(),
        };
        let own = interpreter("/opt/py/bin/python3.11", "/opt/py");
        assert_eq!(own.path_inside(), Path::new("/var/lang/bin/python3.11"));
        assert!(!own.is_in_host_os());
        assert_eq!(own.identifier().as_deref(), Some("python3.11"));
        let host = interpreter("/usr/bin/python3.11", "/usr");
        assert_eq!(host.path_inside(), Path::new("/usr/bin/python3.11"));
        assert!(host.is_in_host_os());
    }

    #[test]
    fn what_is_found_runs_and_is_no_shim() {
        for interpreter in discover() {
            let again = Interpreter::probe(interpreter.kind, &interpreter.executable);
            assert_eq!(again.map(|i| i.version), Some(interpreter.version.clone()), "{interpreter:?}");
            assert!(interpreter.executable.starts_with(&interpreter.prefix), "{interpreter:?}");
        }
    }
}

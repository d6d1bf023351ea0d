use super::{Interpreter, Kind};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub(super) fn probe(kind: Kind, path: &Path) -> Option<Interpreter> {
    match kind {
        Kind::Node => {
            let said = ask(path, &["-p", "process.version.slice(1) + '\\n' + process.execPath"])?;
            let mut lines = said.lines();
            let version = version(lines.next()?)?;
            let executable = Path::new(lines.next()?).canonicalize().ok()?;
            let prefix = around(&executable)?;
            Some(Interpreter { kind, version, executable, prefix })
        }
        Kind::Python => {
            // `_base_executable` is the real one where `path` belongs to a virtual environment.
            let script = "import sys; print('%d.%d.%d' % sys.version_info[:3]); \
                 print(getattr(sys, '_base_executable', None) or sys.executable); print(sys.base_prefix)";
            let said = ask(path, &["-I", "-S", "-c", script])?;
            let mut lines = said.lines();
            let version = version(lines.next()?)?;
            let executable = Path::new(lines.next()?).canonicalize().ok()?;
            let prefix = Path::new(lines.next()?).canonicalize().ok()?;
            Some(Interpreter { kind, version, executable, prefix })
        }
        Kind::Java => probe_java(path),
        Kind::Ruby => {
            let said = ask(
                path,
                &[
                    "--disable-gems",
                    "-rrbconfig",
                    "-e",
                    "puts RUBY_VERSION, RbConfig.ruby, RbConfig::CONFIG['prefix']",
                ],
            )?;
            let mut lines = said.lines();
            let version = version(lines.next()?)?;
            let executable = Path::new(lines.next()?).canonicalize().ok()?;
            let prefix = Path::new(lines.next()?).canonicalize().ok()?;
            Some(Interpreter { kind, version, executable, prefix })
        }
    }
}

fn probe_java(path: &Path) -> Option<Interpreter> {
    let said = ask(path, &["-XshowSettings:properties", "-version"])?;
    let property = |name: &str| {
        said.lines().find_map(|line| line.trim_start().strip_prefix(name)?.strip_prefix(" = ")).map(str::trim)
    };
    let version = java_version(property("java.version")?)?;
    let prefix = Path::new(property("java.home")?).canonicalize().ok()?;
    let executable = prefix.join("bin/java").canonicalize().ok()?;
    Some(Interpreter { kind: Kind::Java, version, executable, prefix })
}

/// `17.0.15` as it is; `1.8.0_402` is `8.0.402`; what follows the numbers (`21-ea`, `11.0.2+9`) is left out.
fn java_version(text: &str) -> Option<String> {
    let modern = text.strip_prefix("1.").unwrap_or(text).replace('_', ".");
    let numbers = modern.split(['-', '+']).next()?;
    version(numbers)
}

/// What the program prints, on whichever stream; `None` when it fails.
fn ask(path: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new(path)
        .args(arguments)
        .env_remove("NODE_OPTIONS")
        .env_remove("JAVA_TOOL_OPTIONS")
        .env_remove("RUBYOPT")
        .stdin(Stdio::null())
        .output()
        .ok()?;
    if !output.status.success() {
        return None;
    }
    let text = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    String::from_utf8(text).ok()
}

fn version(text: &str) -> Option<String> {
    text.split('.').all(|part| part.parse::<u16>().is_ok()).then(|| text.to_owned())
}

/// Where there is a `bin` around it, all of its parent; else only the directory itself.
fn around(executable: &Path) -> Option<PathBuf> {
    Some(match executable.parent()? {
        bin if bin.file_name().is_some_and(|name| name == "bin") => bin.parent()?.to_owned(),
        other => other.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_java_are_read_in_all_their_spellings() {
        for (text, expected) in [
            ("17.0.15", Some("17.0.15")),
            ("25", Some("25")),
            ("1.8.0_402", Some("8.0.402")),
            ("21-ea", Some("21")),
            ("11.0.2+9", Some("11.0.2")),
            ("", None),
            ("seventeen", None),
        ] {
            assert_eq!(java_version(text).as_deref(), expected, "{text}");
        }
    }
}

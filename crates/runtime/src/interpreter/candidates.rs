use super::Kind;
use std::path::{Path, PathBuf};

/// Programs that may be interpreters, those to be preferred first.
pub(super) fn candidates() -> Vec<(Kind, PathBuf)> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut directories: Vec<PathBuf> =
        std::env::split_paths(&path).filter(|dir| dir.is_absolute()).collect();
    directories.extend(["/usr/local/bin", "/usr/bin", "/var/lang/bin"].map(PathBuf::from));
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    for versions in [".pyenv/versions", ".nvm/versions/node", ".local/share/uv/python"] {
        directories.extend(below(&home.join(versions)));
    }
    let mut all = Vec::new();
    for versions in [".rbenv/versions", ".rubies"] {
        directories.extend(below(&home.join(versions)));
    }
    directories.extend(below(Path::new("/opt/rubies")));
    for directory in &directories {
        all.push((Kind::Ruby, directory.join("ruby")));
        all.push((Kind::Node, directory.join("node")));
        all.push((Kind::Python, directory.join("python3")));
        all.extend((8..=20).map(|minor| (Kind::Python, directory.join(format!("python3.{minor}")))));
    }
    let of_user = std::env::var_os("JAVA_HOME").map(|java| PathBuf::from(java).join("bin"));
    let mut java: Vec<PathBuf> = of_user.into_iter().filter(|dir| dir.is_absolute()).collect();
    java.extend(directories);
    for homes in ["/usr/lib/jvm", "/usr/java", "/opt/java"] {
        java.extend(below(Path::new(homes)));
    }
    for homes in [".sdkman/candidates/java", ".jdks"] {
        java.extend(below(&home.join(homes)));
    }
    all.extend(java.into_iter().map(|directory| (Kind::Java, directory.join("java"))));
    all.retain(|(_, path)| path.is_file());
    all
}

/// The `bin` of each directory in `parent`, sorted.
fn below(parent: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path().join("bin")).collect();
    found.sort();
    found
}

//! The Java pack: the runtime interface client and what it needs, by Maven.

use super::{InstallError, disk, run};
use crate::Interpreter;
use crate::launch::java::{LIBRARIES, NATIVE};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use zip::ZipArchive;

/// aws-lambda-java-serialization comes with it.
pub(super) const PACKAGES: [&str; 2] =
    ["com.amazonaws:aws-lambda-java-runtime-interface-client", "com.amazonaws:aws-lambda-java-core"];

/// The newest of these major versions.
const PROJECT: &str = r#"<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>zerun</groupId>
  <artifactId>java-pack</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>com.amazonaws</groupId>
      <artifactId>aws-lambda-java-runtime-interface-client</artifactId>
      <version>[2.6,3)</version>
    </dependency>
    <dependency>
      <groupId>com.amazonaws</groupId>
      <artifactId>aws-lambda-java-core</artifactId>
      <version>[1.2,2)</version>
    </dependency>
  </dependencies>
</project>
"#;

pub(super) fn fill(
    interpreters: &[&Interpreter],
    staging: &Path,
    progress: &mut dyn FnMut(&str),
) -> Result<(), InstallError> {
    if interpreters.is_empty() {
        return Err(InstallError::NoInterpreter("Java"));
    }
    let project = staging.join("pom.xml");
    std::fs::write(&project, PROJECT).map_err(disk(&project))?;
    let libraries = staging.join(LIBRARIES);
    progress(&format!("mvn copies {}", PACKAGES.join(", ")));
    let mut command = Command::new("mvn");
    command.args(["--batch-mode", "--quiet", "--file"]).arg(&project);
    command.args(["dependency:copy-dependencies", "-DincludeScope=runtime"]);
    command.arg(format!("-DoutputDirectory={}", libraries.display()));
    run(command, progress)?;
    unpack_native(staging, &libraries)
}

/// Puts the client's native half where it need not be unpacked at every start. Where the C library is another than
/// glibc, or the client has none for this processor, the client is left to find out by itself.
fn unpack_native(staging: &Path, libraries: &Path) -> Result<(), InstallError> {
    let processor = match std::env::consts::ARCH {
        "x86_64" => "x86_64",
        "aarch64" => "aarch_64",
        _ => return Ok(()),
    };
    if Path::new(&format!("/lib/ld-musl-{}.so.1", std::env::consts::ARCH)).exists() {
        return Ok(());
    }
    let client = find_client(libraries)?;
    let refused = |problem: String| InstallError::Library { library: client.clone(), problem };
    let file = File::open(&client).map_err(disk(&client))?;
    let mut archive = ZipArchive::new(file).map_err(|error| refused(error.to_string()))?;
    let Ok(entry) = archive.by_name(&format!("jni/libaws-lambda-jni.linux-{processor}.so")) else {
        return Ok(());
    };
    let target = staging.join(NATIVE);
    if let Some(parent) = target.parent() {
        std::fs::create_dir_all(parent).map_err(disk(parent))?;
    }
    let mut written = File::create(&target).map_err(disk(&target))?;
    let mut bounded = std::io::Read::take(entry, NATIVE_BYTES_MAX);
    std::io::copy(&mut bounded, &mut written).map_err(disk(&target))?;
    Ok(())
}

/// Many times what it has today.
const NATIVE_BYTES_MAX: u64 = 64 << 20;

fn find_client(libraries: &Path) -> Result<PathBuf, InstallError> {
    let entries = std::fs::read_dir(libraries).map_err(disk(libraries))?;
    let mut paths = entries.flatten().map(|entry| entry.path());
    let is_client = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with("aws-lambda-java-runtime-interface-client-") && name.ends_with(".jar")
    };
    paths.find(is_client).ok_or_else(|| InstallError::Library {
        library: libraries.to_owned(),
        problem: "Maven brought no runtime interface client".to_owned(),
    })
}

//! `cargo xtask licences`: nothing is linked whose licence, name or source `deny.toml` does not allow.
//!
//! Works offline, from `cargo metadata` and `deny.toml` alone. It knows no advisories: their database is a git
//! repository of its own, which `cargo deny check advisories` fetches.

mod expression;

use std::{collections::BTreeSet, fs, io::Write, path::Path, process::Command};

use serde::Deserialize;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// How cargo names the source of a crate from a registry, rather than from a repository.
const REGISTRY: &str = "registry+";

#[derive(clap::Args)]
pub struct Arguments {}

/// # Errors
/// One line for each package that is not allowed; or no readable `deny.toml` or metadata.
pub fn run(_: &Arguments) -> Result<()> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("xtask has no parent directory")?;
    let policy: Policy = toml::from_str(&fs::read_to_string(workspace.join("deny.toml"))?)?;
    let packages = metadata(workspace)?.packages;
    let complaints: Vec<String> = packages.iter().filter_map(|package| complain(package, &policy)).collect();
    if !complaints.is_empty() {
        return Err(complaints.join("\n").into());
    }
    writeln!(
        std::io::stdout(),
        "{} packages: licences, names and sources are allowed by deny.toml",
        packages.len()
    )?;
    Ok(())
}

fn complain(package: &Package, policy: &Policy) -> Option<String> {
    let Package { name, version, .. } = package;
    if policy.bans.deny.iter().any(|ban| ban.name == *name) {
        return Some(format!("{name} {version}: banned by deny.toml"));
    }
    if package.source.as_deref().is_some_and(|source| !source.starts_with(REGISTRY)) {
        return Some(format!("{name} {version}: comes from {:?}", package.source));
    }
    let Some(licence) = &package.license else {
        return Some(format!("{name} {version}: states no licence"));
    };
    match expression::permits(licence, &policy.licenses.allow) {
        Ok(true) => None,
        Ok(false) => Some(format!("{name} {version}: licence {licence} is not in deny.toml")),
        Err(error) => Some(format!("{name} {version}: licence {licence}: {error}")),
    }
}

fn metadata(workspace: &Path) -> Result<Metadata> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(workspace)
        .output()?;
    if !output.status.success() {
        return Err(format!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

#[derive(Deserialize)]
struct Policy {
    licenses: Licenses,
    bans: Bans,
}

#[derive(Deserialize)]
struct Licenses {
    allow: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Deserialize)]
struct Ban {
    name: String,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    /// None for the members of this workspace.
    source: Option<String>,
}

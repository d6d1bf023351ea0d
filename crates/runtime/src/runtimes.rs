use crate::shims::{self, ShimStore};
use crate::table::{Table, TableError};
use crate::{Family, Interpreter, Kind, RuntimeId, interpreter, packs};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// The runtimes of this machine: interpreters, our shims, SDK packs and the administrator's table.
/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct Runtimes(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    data_dir: PathBuf,
    packs_dir: PathBuf,
    table: Table,
    shims: ShimStore,
    /// By identifier. Filled by the first who asks, because finding them runs them.
    interpreters: OnceLock<BTreeMap<String, Interpreter>>,
}

/// One line of `zerun doctor`.
#[derive(Debug, Clone, Serialize)]
pub struct RuntimeReport {
    pub identifier: String,
    /// The identifier that stands in for it, by the table.
    pub stand_in: Option<String>,
    pub version: String,
    pub executable: PathBuf,
    /// Whether the pack for its language is installed; `None` where there is none for it.
    pub has_pack: Option<bool>,
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Table(#[from] TableError),
    #[error("the runtime shims could not be written below {}: {error}", path.display())]
    Shims { path: PathBuf, error: std::io::Error },
}

/// No interpreter for a runtime identifier; the message names what there is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "runtime {identifier} is not available on this machine; available are {}. \
     Install its interpreter, or let another runtime stand in for it in {}",
    available.join(", "), table.display()
)]
pub struct RuntimeMissing {
    pub identifier: String,
    pub available: Vec<String>,
    pub table: PathBuf,
}

/// What runs a runtime identifier.
#[derive(Debug, Clone)]
pub(crate) enum Runner<'a> {
    Interpreter(&'a Interpreter),
    /// The code's own `bootstrap`.
    Bootstrap,
}

impl Runtimes {
    /// Reads the table and writes the shims below `data_dir`. Does not look for interpreters yet: the
    /// first question does, and [`Runtimes::warm`] lets that happen before.
    ///
    /// # Errors
    /// The table cannot be read or is wrong; the shims cannot be written.
    pub fn open(data_dir: &Path) -> Result<Runtimes, OpenError> {
        Runtimes::open_with_packs(data_dir, &data_dir.join("packs"))
    }

    /// [`Runtimes::open`] with packs that several data directories share.
    ///
    /// # Errors
    /// As [`Runtimes::open`].
    pub fn open_with_packs(data_dir: &Path, packs_dir: &Path) -> Result<Runtimes, OpenError> {
        let table = Table::open(data_dir)?;
        let shims = ShimStore::open(data_dir)
            .map_err(|error| OpenError::Shims { path: data_dir.to_owned(), error })?;
        Ok(Runtimes(Arc::new(Inner {
            data_dir: data_dir.to_owned(),
            packs_dir: packs_dir.to_owned(),
            table,
            shims,
            interpreters: OnceLock::new(),
        })))
    }

    /// Looks for interpreters on a thread of its own, so that nobody has to wait for it later.
    pub fn warm(&self) {
        let runtimes = self.clone();
        let spawned = std::thread::Builder::new().name("find-runtimes".to_owned()).spawn(move || {
            runtimes.interpreters();
        });
        if let Err(error) = spawned {
            tracing::warn!(%error, "interpreters will be looked for at the first invocation");
        }
    }

    /// Whether functions of this runtime can run here. Blocks while interpreters are being looked for:
    /// in async code, call it where blocking is allowed.
    ///
    /// # Errors
    /// [`RuntimeMissing`]
    pub fn check(&self, id: &RuntimeId) -> Result<(), RuntimeMissing> {
        self.runner(id).map(|_| ())
    }

    /// Every identifier that can be used here, with what runs it. Blocks like [`Runtimes::check`].
    pub fn report(&self) -> Vec<RuntimeReport> {
        let line = |identifier: &str, stand_in: Option<&str>, found: &Interpreter| RuntimeReport {
            identifier: identifier.to_owned(),
            stand_in: stand_in.map(str::to_owned),
            version: found.version.clone(),
            executable: found.executable.clone(),
            has_pack: found.kind.has_packs().then(|| packs::current(&self.0.packs_dir, found.kind).is_some()),
        };
        let own = self.interpreters().iter().map(|(identifier, found)| line(identifier, None, found));
        let stood_in = self.0.table.identifiers.iter().filter_map(|(identifier, target)| {
            self.interpreters().get(target).map(|found| line(identifier, Some(target), found))
        });
        own.chain(stood_in).collect()
    }

    /// Installs the SDK pack of `kind`, see [`packs::install`]. Blocks for minutes.
    ///
    /// # Errors
    /// See [`packs::InstallError`].
    pub fn install(
        &self,
        kind: Kind,
        progress: &mut dyn FnMut(&str),
    ) -> Result<packs::Installed, packs::InstallError> {
        let found: Vec<Interpreter> = self.interpreters().values().cloned().collect();
        packs::install(&self.0.packs_dir, kind, &found, progress)
    }

    /// Whether [`Runtimes::check`] would wait for nothing now.
    pub fn is_known(&self, id: &RuntimeId) -> bool {
        id.family() == Family::Provided || self.0.interpreters.get().is_some()
    }

    pub(crate) fn runner(&self, id: &RuntimeId) -> Result<Runner<'_>, RuntimeMissing> {
        let Some(own) = id.family().identifier() else { return Ok(Runner::Bootstrap) };
        let identifier = self.0.table.identifiers.get(id.as_str()).unwrap_or(&own);
        match self.interpreters().get(identifier) {
            Some(found) => Ok(Runner::Interpreter(found)),
            None => Err(RuntimeMissing {
                identifier: id.to_string(),
                available: self.available(),
                table: self.0.data_dir.join("runtimes.toml"),
            }),
        }
    }

    pub(crate) fn shims(&self) -> &ShimStore {
        &self.0.shims
    }

    pub(crate) fn pack(&self, kind: Kind) -> Option<PathBuf> {
        packs::current(&self.0.packs_dir, kind)
    }

    /// A stand-in for the vendor's "runtime version ARN": names the shims' build.
    pub fn version_arn(&self, region: &str) -> String {
        format!("arn:aws:lambda:{region}::runtime:{}", shims::hash())
    }

    fn available(&self) -> Vec<String> {
        let own = self.interpreters().keys().cloned();
        let stood_in = self.0.table.identifiers.iter();
        let stood_in = stood_in.filter(|(_, to)| self.interpreters().contains_key(*to)).map(|(from, _)| from);
        let mut all: Vec<String> = own.chain(stood_in.cloned()).collect();
        all.extend(["provided", "provided.al2", "provided.al2023"].map(str::to_owned));
        all
    }

    fn interpreters(&self) -> &BTreeMap<String, Interpreter> {
        self.0.interpreters.get_or_init(|| {
            let mut all: BTreeMap<String, Interpreter> = interpreter::discover()
                .into_iter()
                .filter_map(|found| Some((found.identifier()?, found)))
                .collect();
            for (identifier, path) in &self.0.table.interpreters {
                let id = RuntimeId::parse(identifier);
                let Some(kind) = id.ok().and_then(|id| Kind::of(id.family())) else { continue };
                match Interpreter::probe(kind, path) {
                    Some(found) => {
                        all.insert(identifier.clone(), found);
                    }
                    None => {
                        tracing::warn!(%identifier, path = %path.display(), "runtimes.toml names no interpreter");
                    }
                }
            }
            all
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_refused_by_name_and_stand_ins_hold() {
        let dir = tempfile::tempdir().unwrap();
        let id = |text| RuntimeId::parse(text).unwrap();
        let runtimes = Runtimes::open(dir.path()).unwrap();
        let missing = runtimes.check(&id("nodejs99.x")).unwrap_err();
        let message = missing.to_string();
        assert!(message.contains("nodejs99.x") && message.contains("provided.al2023"), "{message}");
        assert!(runtimes.check(&id("provided.al2")).is_ok());
        let Some(first) = runtimes.report().into_iter().find(|line| line.identifier.starts_with("nodejs"))
        else {
            panic!("these tests need Node on this machine");
        };
        let table = format!("[identifiers]\n\"nodejs99.x\" = \"{}\"\n", first.identifier);
        std::fs::write(dir.path().join("runtimes.toml"), table).unwrap();
        let runtimes = Runtimes::open(dir.path()).unwrap();
        assert!(runtimes.check(&id("nodejs99.x")).is_ok());
        assert!(runtimes.report().iter().any(|line| line.stand_in.as_ref() == Some(&first.identifier)));
    }
}

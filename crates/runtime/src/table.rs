use crate::RuntimeId;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// `DATA/runtimes.toml`: what the administrator says about runtime identifiers.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Table {
    /// Identifier to the identifier that stands in for it.
    pub identifiers: BTreeMap<String, String>,
    /// Identifier to the path of an interpreter.
    pub interpreters: BTreeMap<String, PathBuf>,
}

const TEMPLATE: &str = r#"# Which interpreter runs which runtime identifier. Read when Zerun starts.
#
# Interpreters on PATH, in /usr/bin and of the usual version managers are found without being named
# here; `zerun doctor` lists them. An identifier that is neither found nor named here is refused.

# Identifiers that another one stands in for:
[identifiers]
# "nodejs18.x" = "nodejs20.x"
# "python3.13" = "python3.11"

# Interpreters in other places:
[interpreters]
# "nodejs22.x" = "/opt/node-22/bin/node"
"#;

impl Table {
    /// Reads the table, after writing an empty one with its explanation where there is none.
    pub fn open(data_dir: &Path) -> Result<Table, TableError> {
        let path = data_dir.join("runtimes.toml");
        let refused = |problem: String| TableError { path: path.clone(), problem };
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                std::fs::write(&path, TEMPLATE).map_err(|error| refused(error.to_string()))?;
                TEMPLATE.to_owned()
            }
            Err(error) => return Err(refused(error.to_string())),
        };
        let table: Table = toml::from_str(&text).map_err(|error| refused(error.to_string()))?;
        table.check().map_err(refused)?;
        Ok(table)
    }

    fn check(&self) -> Result<(), String> {
        for (identifier, target) in &self.identifiers {
            let from = RuntimeId::parse(identifier).map_err(|error| error.to_string())?;
            let to = RuntimeId::parse(target).map_err(|error| error.to_string())?;
            if std::mem::discriminant(&from.family()) != std::mem::discriminant(&to.family()) {
                return Err(format!("{to} cannot stand in for {from}: it is another language"));
            }
        }
        for (identifier, path) in &self.interpreters {
            RuntimeId::parse(identifier).map_err(|error| error.to_string())?;
            if !path.is_absolute() {
                return Err(format!("the interpreter of {identifier} needs an absolute path"));
            }
        }
        Ok(())
    }
}

#[derive(Debug, Clone, thiserror::Error)]
#[error("{}: {problem}", path.display())]
pub struct TableError {
    pub path: PathBuf,
    pub problem: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_written_once_and_read_strictly() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Table::open(dir.path()).unwrap().identifiers.is_empty());
        let path = dir.path().join("runtimes.toml");
        assert!(std::fs::read_to_string(&path).unwrap().contains("stands in for"));
        std::fs::write(&path, "[identifiers]\n\"python3.13\" = \"python3.11\"\n").unwrap();
        assert_eq!(Table::open(dir.path()).unwrap().identifiers["python3.13"], "python3.11");
        for bad in [
            "[identifers]\n",
            "[identifiers]\n\"java21\" = \"python3.11\"\n",
            "[identifiers]\n\"nodejs20.x\" = \"python3.11\"\n",
            "[interpreters]\n\"nodejs20.x\" = \"node\"\n",
        ] {
            std::fs::write(&path, bad).unwrap();
            assert!(Table::open(dir.path()).is_err(), "{bad}");
        }
    }
}

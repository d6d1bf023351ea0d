//! Processes that are started before anybody knows for which function.

use crate::launch::{Base, shim};
use crate::runtimes::Runner;
use crate::{RuntimeId, RuntimeMissing, Runtimes, environment};
use std::collections::BTreeMap;

/// How to start one. It says by its channel when it waits to become a function's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generic {
    pub argv: Vec<String>,
    pub environment: Vec<(String, String)>,
    pub base: Base,
}

impl Runtimes {
    /// `None` for a runtime whose processes cannot be started before their function is known. Node's heap is sized for `memory_mb`. Blocks
    /// like [`Runtimes::check`].
    ///
    /// # Errors
    /// [`RuntimeMissing`]
    pub fn generic(&self, runtime: &RuntimeId, memory_mb: u32) -> Result<Option<Generic>, RuntimeMissing> {
        Ok(match self.runner(runtime)? {
            Runner::Bootstrap => None,
            Runner::Interpreter(found) => shim(found, memory_mb).map(|argv| {
                let environment = environment::of_runtime(runtime);
                Generic { argv, environment, base: self.base_of(found) }
            }),
        })
    }
}

/// The variable that names packages for a generic process to load, with commas between them.
pub const PRELOAD_VARIABLE: &str = "_ZERUN_PRELOAD";

/// Variables that something reads when a process starts, before our shim or instead of it: interpreter, loader,
/// C library, and what they bring. Prefixes, so that what a later version reads is not missed.
const READ_AT_START: [&str; 15] = [
    "AWS_LAMBDA_EXEC_WRAPPER",
    "GCONV_",
    "GLIBC_",
    "LANG",
    "LC_",
    "LD_",
    "LOCPATH",
    "MALLOC_",
    "NLSPATH",
    "NODE_",
    "OPENSSL_",
    "PATH",
    "PYTHON",
    "SSL_",
    "UV_",
];

/// Whether a function with these variables can become of a process that runs already, with nothing that
/// its code could tell from a process of its own.
pub fn applies_late(user: &BTreeMap<String, String>) -> bool {
    // What libraries read later on, and nothing before.
    let is_late = |name: &str| name == "NODE_ENV";
    !user.keys().any(|name| !is_late(name) && READ_AT_START.iter().any(|early| name.starts_with(early)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_at_the_start_is_not_applied_late() {
        let with = |name: &str| applies_late(&BTreeMap::from([(name.to_owned(), "x".to_owned())]));
        assert!(applies_late(&BTreeMap::new()));
        for name in ["MY_TABLE", "NODE_ENV", "AWS_ENDPOINT_URL_S3", "DEBUG"] {
            assert!(with(name), "{name}");
        }
        for name in [
            "NODE_OPTIONS",
            "NODE_EXTRA_CA_CERTS",
            "LD_PRELOAD",
            "LD_LIBRARY_PATH",
            "PATH",
            "PYTHONPATH",
            "LC_ALL",
            "UV_THREADPOOL_SIZE",
            "AWS_LAMBDA_EXEC_WRAPPER",
            "MALLOC_ARENA_MAX",
            "SSL_CERT_FILE",
        ] {
            assert!(!with(name), "{name}");
        }
    }
}

//! For this crate's tests only.

use std::path::PathBuf;

/// The third-party vectors beside the checkout, or where `ZERUN_SHARED_DATA` says. Says so where they
/// are not there; the test then has nothing to check.
pub(crate) fn shared_data(folder: &str) -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let root = std::env::var_os("ZERUN_SHARED_DATA").map_or_else(|| PathBuf::from(beside), PathBuf::from);
    let path = root.join(folder);
    if path.is_dir() {
        return Some(path);
    }
    eprintln!("SKIPPED: no {}; set ZERUN_SHARED_DATA to the folder that holds it", path.display());
    None
}

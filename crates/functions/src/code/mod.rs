//! Code: zip archives, kept as they came in `blob` and unpacked once by content under the data
//! directory. Function versions and layer versions share a piece of code when its bytes are the same.

mod record;
mod store;
mod tree;
mod unpack;

pub(crate) use record::{CodeRecord, keep, release};
pub(crate) use store::{ATTEMPTS, Pin, total_bytes};
pub use store::{CodeStore, sweep_images};

/// Of an archive that comes inside a request; one that comes from a bucket is bounded by
/// [`ARCHIVE_BYTES_MAX`].
pub const INLINE_BYTES_MAX: u64 = 50 * 1024 * 1024;
/// Of any archive.
pub const ARCHIVE_BYTES_MAX: u64 = 250 * 1024 * 1024;
/// Of a version's code and layers together, unpacked.
pub const UNPACKED_BYTES_MAX: u64 = 250 * 1024 * 1024;
/// Files, directories and links in one archive.
pub const ENTRIES_MAX: usize = 100_000;

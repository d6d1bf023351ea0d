//! Exports: a table as it was at a moment, or what became of its items within a while, written into a bucket's objects
//! by whoever knows buckets, piece by piece. What is written is copied first, beside writes (`super::copy`).

mod begin;
mod changed;
mod describe;
mod piece;
mod record;
mod written;

#[cfg(test)]
mod tests;

pub use begin::{EXPORTS_MAX, ExportTable, Wanted};
pub(crate) use changed::Changed;
pub use describe::Export;
pub use piece::ExportPiece;
pub use record::{ExportFile, ExportRecord, ExportState, LineFormat, Scope, View};
pub(crate) use written::copied;

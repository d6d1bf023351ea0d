//! Byte streams: written once, read in ranges, swept when no record names them any more.
//!
//! A blob is found only through a record in `kv` that holds its [`BlobId`]. Bytes come before names
//! and go after them: [`BlobWriter::finish`] returns once the bytes are durable, the transaction that
//! names them calls [`name`], the one that gives them up calls [`forget`], and [`Blobs::sweep`] removes
//! them later. A crash between these steps leaves garbage for [`Blobs::sweep_orphans`], never a record
//! that names nothing.
//!
//! Two stores stand behind one small trait: a local directory, and anything `object_store` speaks to.
//! Memory stays flat whatever a blob's size: [`CHUNK_BYTES_MAX`] per reader and twice
//! [`FLUSH_BYTES`] per writer, plus what the caller holds.

mod blobs;
mod error;
mod id;
mod local;
mod naming;
mod pin;
mod remote;
mod store;
mod stream;
mod sweep;
mod writer;

pub use blobs::Blobs;
pub use error::BlobError;
pub use id::BlobId;
pub use naming::{forget, name};
pub use object_store::ObjectStore;
pub use pin::Pin;
pub use stream::{BlobStream, CHUNK_BYTES_MAX};
pub use sweep::SweepReport;
pub use writer::{BlobWriter, FLUSH_BYTES};

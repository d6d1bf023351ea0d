//! How AWS speaks: requests into trees, trees into responses, signatures, errors. Knows no service.
//!
//! An operation in `api` uses this room in five steps:
//!
//! 1. [`route::find`] names the operation a request means, from the service's generated tables.
//! 2. [`sigv4::parse`] says who claims to have signed it, `verify` whether that is so and what the
//!    body must therefore look like; [`payload::VerifiedBody`] then checks it while it streams.
//! 3. [`decode::decode`] turns head and body into a checked [`serde_json::Value`] tree keyed by member
//!    name, and [`decode::decode_into`] into the generated struct. Whatever the model does not know is
//!    refused by name; [`decode::honour`] refuses what the handler does not honour.
//! 4. The handler answers with the generated output struct, which [`encode::encode`] writes.
//! 5. A failure is an [`error::WireError`], which [`error::WireError::render`] writes as the service's
//!    protocol wants.
//!
//! Blob payloads (an object's body, a function's payload) never enter the tree, streaming or not: the
//! handler takes the request body as bytes and gives the response body as bytes. Everything else does.

pub mod model;

pub mod checksum;
pub mod constraint;
pub mod decode;
pub mod encode;
pub mod error;
pub mod event_stream;
pub mod json;
pub mod page_token;
pub mod payload;
pub mod route;
pub mod sigv4;
pub mod xml;

mod blob;
mod request_id;
#[cfg(test)]
mod robustness;
mod sensitive;
#[cfg(test)]
mod testing;
mod timestamp;
#[cfg(test)]
mod vectors;

pub use blob::Blob;
pub use request_id::RequestId;
pub use sensitive::Sensitive;
pub use timestamp::{ParseTimestampError, Timestamp, TimestampFormat};

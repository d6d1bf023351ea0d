//! The tables that describe a service: facts read from its published model, written by
//! `cargo xtask models` as statics, walked by [`crate::decode`] and [`crate::encode`].

mod member;
mod operation;
mod service;
mod shape;

pub use member::{Location, Member};
pub use operation::{Checksums, Operation, OperationName, Typed};
pub use service::{Dialect, Protocol, Service};
pub use shape::{ErrorShape, Kind, Pattern, Shape, XmlNamespace};

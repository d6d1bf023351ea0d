//! Bytes on their way in and out.

mod background;
mod incoming;
mod outgoing;
mod stored;
mod unnamed;

pub use incoming::{BodyError, BodyPiece, DeclaredChecksum, ExpectedChecksum, IncomingBody};
pub use outgoing::OutgoingBody;

pub(crate) use incoming::{INLINE_BYTES_MAX, Limits, Received};
pub(crate) use outgoing::{Segment, open};
pub(crate) use stored::forget;
pub(crate) use unnamed::Unnamed;

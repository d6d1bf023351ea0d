//! XML in and out: a bounded reader into elements, and a writer.

mod read;
mod write;

pub use read::{DEPTH_MAX, Element, XmlError, parse};
pub use write::Writer;

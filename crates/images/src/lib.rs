//! Container images: read, verified, unpacked once and kept by content.
//!
//! Knows no function and no HTTP. An image is hostile input: everything about it is bounded before it is believed,
//! nothing of it is ever followed out of the directory where it is unpacked, and what cannot be verified leaves
//! nothing behind.
//!
//! ```text
//! DIRECTORY/lock                  held by whoever changes something
//!           names.json            "repository:tag" -> digest of a manifest
//!           manifests/<digest>    what is known of an image, see [`Image`]
//!           layers/<diff id>/     one unpacked layer: tree/ and what it takes away of those below it
//!           roots/<token>/        the merged tree of one image: hard links into layers
//! ```

mod digest;
mod error;
mod find_program;
mod layer;
mod load;
mod manifest;
mod merge;
mod place;
mod reference;
mod source;
mod store;
mod unpack;

pub use digest::Digest;
pub use error::ImageError;
pub use find_program::{Found, find_program};
pub use layer::unpack_layer;
pub use manifest::{ARCHITECTURE, Config, Index, Manifest};
pub use merge::{POINTS_DIRECTORIES, POINTS_FILES};
pub use reference::{ImageName, ImageUri, Wanted};
pub use store::{Image, Images, Loaded};
pub use unpack::{Budget, LayerNotes};

/// Of all files of an image together, as Lambda's
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
pub const IMAGE_BYTES_MAX: u64 = 10 * 1024 * 1024 * 1024;
/// Files, directories and links of all layers together.
pub const ENTRIES_MAX: u64 = 1_000_000;
pub const LAYERS_MAX: usize = 127;
/// Of an index, a manifest or a configuration.
pub const DOCUMENT_BYTES_MAX: u64 = 4 * 1024 * 1024;

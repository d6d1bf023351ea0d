use std::io;

/// Why an image cannot be had. Messages are for the operator, and name what is wrong.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The image itself is to blame.
    #[error("{0}")]
    Refused(String),
    /// It would be more than an image may be.
    #[error("{0}")]
    TooLarge(String),
    /// There is none of that name.
    #[error("{0}")]
    NotFound(String),
    /// Somebody else is changing the images of this directory.
    #[error("another command is loading or removing images in this data directory")]
    Busy,
    #[error("{what}: {source}")]
    Io { what: String, source: io::Error },
}

impl ImageError {
    pub(crate) fn refused(message: impl Into<String>) -> Self {
        ImageError::Refused(message.into())
    }

    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| ImageError::Io { what, source }
    }
}

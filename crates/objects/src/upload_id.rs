use crate::ObjectsError;
use clock::Clock;
use serde::{Deserialize, Serialize};
use std::fmt;

const LENGTH_MAX: usize = 64;

/// Names a multipart upload: unguessable, and sorted by the time of creation, which is the order in
/// which the uploads of one key are listed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UploadId(String);

impl UploadId {
    pub(crate) fn new(clock: &Clock) -> Self {
        UploadId(ordered_id(clock, 32))
    }

    /// Accepts whatever an id could be; whether there is such an upload is for the store to say.
    ///
    /// # Errors
    /// `NoSuchUpload` for a text that cannot be an id.
    pub fn parse(text: &str) -> Result<Self, ObjectsError> {
        let fits = (1..=LENGTH_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric());
        if fits { Ok(UploadId(text.to_owned())) } else { Err(ObjectsError::NoSuchUpload) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The time in milliseconds as 12 hex digits, then `random` characters of about 5 bits each. New keys
/// land beside each other, which spares the store from touching a page of its own for each.
pub(crate) fn ordered_id(clock: &Clock, random: usize) -> String {
    format!("{:012x}{}", clock.now().as_ms().max(0), clock.random_token(random))
}

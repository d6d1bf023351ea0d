use crate::table::{KeyElement, StreamView};
use clock::Timestamp;
use serde::{Deserialize, Serialize};

/// A stream as it is kept; it outlives its table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StreamRecord {
    pub number: u64,
    pub view: StreamView,
    pub created: Timestamp,
    /// Since when nothing is noted any more.
    pub ended: Option<Timestamp>,
    /// Of its table.
    pub key: Vec<KeyElement>,
}

impl kv::Record for StreamRecord {
    const KIND: &'static str = "stream of a table";
    const VERSION: u8 = 1;
}

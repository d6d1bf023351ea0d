use crate::{Configuration, Version};
use clock::Timestamp;
use kv::Record;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a function is apart from its versions, and `$LATEST`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FunctionRecord {
    pub created: Timestamp,
    /// The last version number given out; numbers are never reused within a function's life.
    pub last_version: u64,
    pub tags: BTreeMap<String, String>,
    /// Zero refuses every invocation; `None` leaves the account's limit alone.
    pub reserved_concurrency: Option<u32>,
    /// It may run in a loop of events for ever.
    #[serde(default)]
    pub may_recur: bool,
    pub latest: Configuration,
}

impl Record for FunctionRecord {
    const KIND: &'static str = "function";
    const VERSION: u8 = 1;
}

/// One version of one function, with the ARN that the caller's way of asking calls for.
#[derive(Debug, Clone)]
pub struct Described {
    pub arn: names::Arn,
    pub id: crate::FunctionId,
    pub version: Version,
    pub configuration: Configuration,
}

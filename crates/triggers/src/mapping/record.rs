use clock::Timestamp;
use functions::FunctionId;
use kv::Record;
use names::{AccountId, Arn, FunctionReference, Key, Keyspace, Qualifier, Region, Service};
use serde::{Deserialize, Serialize};

/// Patterns of a mapping (<https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html>).
pub const FILTERS_MAX: usize = 5;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MappingId {
    pub account: AccountId,
    pub region: Region,
    /// A UUID.
    pub uuid: String,
}

impl MappingId {
    pub fn arn(&self) -> Arn {
        Arn::new(Service::Lambda, &self.region, &self.account, format!("event-source-mapping:{}", self.uuid))
    }
}

/// A mapping as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mapping {
    pub uuid: String,
    /// As it was named: with a qualifier, or of the function itself.
    pub function_arn: String,
    pub source_arn: String,
    /// Of logs: where the first batch begins.
    pub start: Option<Start>,
    pub settings: Settings,
    pub is_enabled: bool,
    pub changed: Timestamp,
    /// Grows with each change.
    pub revision: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Start {
    Oldest,
    Latest,
}

/// What may be changed of a mapping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Records in a batch.
    pub batch_size: u32,
    /// Seconds that a batch waits to be full.
    pub window_s: u32,
    /// Event patterns; a record is wanted if one of them matches, or if there are none.
    pub filters: Vec<String>,
    /// Batches of a shard at once, of different partitions.
    pub parallelization: u32,
    /// Seconds after which a record is given up.
    pub record_age_max_s: Option<u32>,
    /// Attempts after the first.
    pub retries_max: Option<u32>,
    pub bisects: bool,
    /// Whether the function tells which records of a batch failed.
    pub reports_items: bool,
    /// Of queues: batches at once.
    #[serde(default)]
    pub concurrency_max: Option<u32>,
    /// Of logs: the ARN of the queue that is told of records that are given up.
    #[serde(default)]
    pub on_failure: Option<String>,
}

impl Record for Mapping {
    const KIND: &'static str = "event source mapping";
    const VERSION: u8 = 1;
}

impl Mapping {
    /// Whom it invokes; `None` for a record that was not written by us.
    pub fn function(&self) -> Option<(FunctionId, Option<Qualifier>)> {
        let FunctionReference { account, region, name, qualifier } =
            FunctionReference::parse(&self.function_arn).ok()?;
        Some((FunctionId { account: account?, region: region?, name }, qualifier))
    }
}

pub(super) fn key(id: &MappingId) -> Key {
    of_region(&id.account, &id.region).text(&id.uuid)
}

pub(super) fn of_region(account: &AccountId, region: &Region) -> Key {
    Key::new(Keyspace::EventSourceMapping).text(account.as_str()).text(region.as_str())
}

/// Leads to the UUID of the mapping of a source and a function.
pub(super) fn pair(source_arn: &str, function_arn: &str) -> Key {
    Key::new(Keyspace::EventSourcePair).text(source_arn).text(function_arn)
}

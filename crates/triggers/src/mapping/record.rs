use super::Bounds;
use clock::Timestamp;
use functions::FunctionId;
use kv::Record;
use names::{AccountId, Arn, FunctionReference, Key, Keyspace, Qualifier, Region, Service};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Patterns of a mapping (<https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html>).
pub const FILTERS_MAX: usize = 5;

/// How the resource of a mapping's ARN begins.
const KIND: &str = "event-source-mapping:";

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MappingId {
    pub account: AccountId,
    pub region: Region,
    /// A UUID.
    pub uuid: String,
}

impl MappingId {
    pub fn arn(&self) -> Arn {
        Arn::new(Service::Lambda, &self.region, &self.account, format!("{KIND}{}", self.uuid))
    }

    /// `None` for what is no mapping's ARN.
    pub fn of_arn(arn: &Arn) -> Option<MappingId> {
        if arn.service != Service::Lambda.as_str() {
            return None;
        }
        Some(MappingId {
            account: AccountId::parse(&arn.account).ok()?,
            region: Region::parse(&arn.region).ok()?,
            uuid: arn.resource.strip_prefix(KIND)?.to_owned(),
        })
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
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    pub changed: Timestamp,
    /// Grows with each change but that of tags.
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
    /// Of logs: the ARN of what is told of records that are given up.
    #[serde(default)]
    pub on_failure: Option<String>,
    /// Of logs: seconds of a tumbling window; 0 for none.
    #[serde(default)]
    pub tumbling_s: u32,
    /// Of queues: how many pollers there are at least and at most.
    #[serde(default)]
    pub pollers: Option<Pollers>,
}

impl Settings {
    /// Where nothing is asked for.
    pub fn usual(bounds: Bounds) -> Settings {
        Settings {
            batch_size: bounds.batch_size,
            window_s: 0,
            filters: Vec::new(),
            parallelization: 1,
            record_age_max_s: None,
            retries_max: None,
            bisects: false,
            reports_items: false,
            concurrency_max: None,
            on_failure: None,
            tumbling_s: 0,
            pollers: None,
        }
    }
}

/// Pollers of a queue, each with up to [`Pollers::BATCHES`] batches under way
/// (<https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html>).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pollers {
    pub least: u32,
    pub most: u32,
}

impl Pollers {
    /// Batches of one poller at once.
    pub const BATCHES: u32 = 10;
    /// The fewest that there may be.
    pub const FEWEST: u32 = 2;
    /// Where only one of the two is said.
    pub const USUAL: Pollers = Pollers { least: Pollers::FEWEST, most: 200 };
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

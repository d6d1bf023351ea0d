use super::TableId;
use super::name::TableName;
use names::{AccountId, Arn, Region, Service};
use serde::{Deserialize, Serialize};

/// What a stream's records hold of an item beside its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum StreamView {
    KeysOnly,
    NewImage,
    OldImage,
    NewAndOldImages,
}

impl StreamView {
    /// As DynamoDB writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            StreamView::KeysOnly => "KEYS_ONLY",
            StreamView::NewImage => "NEW_IMAGE",
            StreamView::OldImage => "OLD_IMAGE",
            StreamView::NewAndOldImages => "NEW_AND_OLD_IMAGES",
        }
    }

    pub fn holds_old(self) -> bool {
        matches!(self, StreamView::OldImage | StreamView::NewAndOldImages)
    }

    pub fn holds_new(self) -> bool {
        matches!(self, StreamView::NewImage | StreamView::NewAndOldImages)
    }
}

/// A table's latest stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableStream {
    /// Of its changes' keys; never used again.
    pub number: u64,
    pub label: String,
    pub view: StreamView,
    /// Whether changes are still noted.
    pub is_on: bool,
}

/// Which stream: a table has one after the other, told apart by their labels.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StreamId {
    pub table: TableId,
    /// When it began: `2026-11-21T04:30:00.123`.
    pub label: String,
}

impl StreamId {
    pub fn arn(&self) -> Arn {
        let TableId { account, region, name } = &self.table;
        Arn::new(Service::Dynamodb, region, account, format!("table/{name}/stream/{}", self.label))
    }

    /// `None` for what is no ARN of a stream.
    pub fn parse(arn: &str) -> Option<StreamId> {
        let arn = Arn::parse(arn).ok().filter(|arn| arn.service == Service::Dynamodb.as_str())?;
        let (name, label) = arn.resource.strip_prefix("table/")?.split_once("/stream/")?;
        let table = TableId {
            account: AccountId::parse(&arn.account).ok()?,
            region: Region::parse(&arn.region).ok()?,
            name: TableName::parse(name).ok()?,
        };
        Some(StreamId { table, label: label.to_owned() })
    }
}

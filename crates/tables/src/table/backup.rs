use super::TableId;
use super::name::TableName;
use clock::Timestamp;
use names::{AccountId, Arn, Region, Service};
use serde::{Deserialize, Serialize};

/// Which backup, of a table that may be gone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BackupId {
    pub table: TableId,
    /// When it was made, and something random: `01732163400123-1a2b3c4d`.
    pub id: String,
}

impl BackupId {
    pub fn arn(&self) -> Arn {
        let TableId { account, region, name } = &self.table;
        Arn::new(Service::Dynamodb, region, account, format!("table/{name}/backup/{}", self.id))
    }

    /// `None` for what is no ARN of a backup.
    pub fn parse(arn: &str) -> Option<BackupId> {
        let arn = Arn::parse(arn).ok().filter(|arn| arn.service == Service::Dynamodb.as_str())?;
        let (name, id) = arn.resource.strip_prefix("table/")?.split_once("/backup/")?;
        let table = TableId {
            account: AccountId::parse(&arn.account).ok()?,
            region: Region::parse(&arn.region).ok()?,
            name: TableName::parse(name).ok()?,
        };
        Some(BackupId { table, id: id.to_owned() })
    }
}

/// What a table was made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restored {
    /// ARNs.
    pub backup: Option<String>,
    pub table: String,
    /// The moment that the items are of.
    pub at: Timestamp,
}

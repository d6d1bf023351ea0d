//! What a table is: names, key schemas, indexes, and how it is kept.

mod backup;
mod history;
mod index;
mod name;
mod record;
mod scaling;
mod schema;
mod stream;
mod time_to_live;
mod transfer;
mod update;

pub use backup::{BackupId, Restored};
pub use history::{History, Recovery};
pub use index::{Index, IndexKind, IndexStatus, Projected};
pub use name::TableName;
pub use record::{Billing, TableClass, TableRecord, Throughput};
pub use scaling::{Most, Scaling};
pub(crate) use schema::key_schema;
pub use schema::{AttributeDefinition, CreateIndex, CreateTable, KeyElement, KeyRole};
pub use stream::{StreamId, StreamView, TableStream};
pub use time_to_live::{TimeToLive, TimeToLiveStatus};
pub use transfer::{Transfer, TransferId};
pub use update::{Bound, ChangeCapacity, IndexChange, UpdateTable};

use names::{AccountId, Arn, Region, Service};

/// Where a table is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableId {
    pub account: AccountId,
    pub region: Region,
    pub name: TableName,
}

impl TableId {
    pub fn arn(&self) -> Arn {
        Arn::new(Service::Dynamodb, &self.region, &self.account, format!("table/{}", self.name))
    }

    pub fn index_arn(&self, index: &str) -> Arn {
        Arn::new(Service::Dynamodb, &self.region, &self.account, format!("table/{}/index/{index}", self.name))
    }
}

//! Time to live: items are deleted when the time in an attribute of theirs has come.
//!
//! When an item expires is noted in the transaction that writes it, so that what is due is found without looking at
//! what is not. <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/howitworks-ttl.html>

mod expire;
mod fill;
mod note;
mod update;

#[cfg(test)]
mod tests;

pub(crate) use note::note;

use crate::table::{TableId, TableName};
use names::{AccountId, Region};
use serde::{Deserialize, Serialize};

/// A table whose items expire, for those who look after it.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    account: AccountId,
    region: Region,
    name: TableName,
    /// The item that was noted last of those that were there before; its key's bytes.
    noted: Option<Vec<u8>>,
}

impl kv::Record for Kept {
    const KIND: &'static str = "table with a time to live";
    const VERSION: u8 = 1;
}

impl Kept {
    fn new(table: &TableId) -> Self {
        let TableId { account, region, name } = table.clone();
        Kept { account, region, name, noted: None }
    }

    fn table(&self) -> TableId {
        TableId { account: self.account.clone(), region: self.region.clone(), name: self.name.clone() }
    }
}

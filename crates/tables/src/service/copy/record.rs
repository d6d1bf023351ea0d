use crate::table::{TableId, TableName};
use names::{AccountId, Region};
use serde::{Deserialize, Serialize};

/// A copy under way, as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Copy {
    pub source: Source,
    pub target: Target,
    pub phase: Phase,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Source {
    /// As it was before the entry `since` of its history.
    Table { account: AccountId, region: Region, name: TableName, number: u64, history: u64, since: u64 },
    /// Which nobody changes.
    Backup { number: u64 },
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Target {
    Table {
        account: AccountId,
        region: Region,
        name: TableName,
    },
    Backup {
        account: AccountId,
        region: Region,
        name: TableName,
        id: String,
    },
    /// Rows that an export writes: of the table, or where it `tells_changes` what became of items until the source's
    /// `since` (`crate::service::export::Changed`).
    Export {
        account: AccountId,
        region: Region,
        name: TableName,
        id: String,
        tells_changes: bool,
    },
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Phase {
    /// What changed is looked for, from this entry of the history up to the source's `since`.
    Changes { from: u64 },
    /// What changed is found as it is now, after the row at this place.
    Present { after: Option<Vec<u8>> },
    /// After the row at this place within its table.
    Rows { after: Option<Vec<u8>> },
    /// From this entry of the history down.
    Back { from: u64 },
    /// After the row at this place within its table.
    Indexes { after: Option<Vec<u8>> },
}

impl kv::Record for Copy {
    const KIND: &'static str = "copy of a table";
    const VERSION: u8 = 1;
}

impl Source {
    pub fn of_table(id: &TableId, number: u64, history: u64, since: u64) -> Self {
        let TableId { account, region, name } = id.clone();
        Source::Table { account, region, name, number, history, since }
    }

    /// Of its rows' keys.
    pub fn number(&self) -> u64 {
        match self {
            Source::Table { number, .. } | Source::Backup { number } => *number,
        }
    }
}

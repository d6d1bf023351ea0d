//! The service: tables and their items in the store.

mod backup;
mod copy;
mod count;
mod create_table;
mod delete_table;
mod describe_table;
mod error;
mod expiry;
mod export;
mod fill;
mod history;
mod import;
mod items;
mod known;
mod limits;
mod list_tables;
mod recovery;
mod resource_policy;
mod stream;
mod sweep;
mod tags;
mod throughput;
mod transfer;
mod update_table;

pub use backup::{Backup, BackupFilter, BackupPage, BackupRecord};
pub use count::Count;
pub use create_table::TABLES_MAX;
pub use describe_table::TableInfo;
pub use error::{Reason, TablesError};
pub use export::{
    EXPORTS_MAX, Export, ExportFile, ExportPiece, ExportRecord, ExportState, ExportTable, LineFormat, Scope,
    View, Wanted,
};
pub use import::{
    Compression, IMPORTS_MAX, Import, ImportPlan, ImportProgress, ImportRecord, ImportStep, ImportTable,
    InputFormat, Stepped,
};
pub use items::{
    Action, Bounds, COLLECTION_BYTES_MAX, Collection, Consumed, DeleteItem, Found, GetItem, Page, Planned,
    Precondition, Programs, PutItem, Query, Scan, Segment, Select, SelectItems, Selection, TableItems,
    TableKeys, TableWrites, TableWritten, Token, TransactAction, TransactFound, TransactWrite,
    TransactWritten, UpdateItem, Written, digest,
};
pub use limits::{ACCOUNT_UNITS_MAX, TABLE_UNITS_MAX};
pub use list_tables::TablePage;
pub use recovery::{Moment, Overrides, Restore};
pub use resource_policy::{TablePolicy, read_policy};
pub use stream::{
    Actor, Change, ChangePage, Event, Position, SHARDS, Shard, StreamInfo, StreamPage, StreamRecord,
    StreamStart, read_sequence_number, sequence_number, write_change,
};
pub use tags::TAGS_MAX;
pub use transfer::{Asker, Begun, Failure, TransferPage, TransferRecord};

use clock::Clock;
use known::Known;
use kv::Kv;
use resource_policy::Shared;
use std::sync::Arc;
use throughput::Throughputs;

/// Cheap to clone.
#[derive(Clone)]
pub struct Tables {
    pub(crate) kv: Kv,
    pub(crate) clock: Clock,
    pub(crate) known: Arc<Known>,
    pub(crate) throughput: Arc<Throughputs>,
    shared: Arc<Shared>,
}

impl Tables {
    pub fn new(kv: Kv, clock: Clock) -> Self {
        let known = Arc::new(Known::new(clock.clone()));
        let throughput = Arc::new(Throughputs::new(clock.clone()));
        let shared = Arc::new(Shared::new(&kv));
        Tables { kv, clock, known, throughput, shared }
    }
}

//! Tables and their items. What an item is, how it is read, compared, selected and changed is told purely, by modules
//! that know no store, no clock and no account; [`Tables`] keeps it all. Nothing here knows HTTP.
//!
//! ```text
//! wire JSON ──value::decode_item──▶ Item (stored bytes) ──value::write_item──▶ wire JSON
//!                                     │      ▲
//!          expression::Condition ◀────┤      │ expression::Update
//!          value::Projection     ◀────┤      │
//!          key::KeySchema        ◀────┘ legacy::* ──▶ the same programs
//! ```

pub mod capacity;
mod error;
pub mod expression;
pub mod key;
mod keys;
pub mod legacy;
pub mod number;
pub mod partiql;
pub mod schema;
mod service;
mod table;
pub mod transfer;
pub mod value;

pub use error::{Corrupt, Refusal};
pub use service::{
    ACCOUNT_UNITS_MAX, Action, Actor, Asker, Backup, BackupFilter, BackupPage, BackupRecord, Begun, Bounds,
    COLLECTION_BYTES_MAX, Change, ChangePage, Collection, Compression, Consumed, Count, DeleteItem,
    EXPORTS_MAX, Event, Export, ExportFile, ExportPiece, ExportRecord, ExportState, ExportTable, Failure,
    Found, GetItem, IMPORTS_MAX, Import, ImportPlan, ImportProgress, ImportRecord, ImportStep, ImportTable,
    InputFormat, LineFormat, Moment, Overrides, Page, Planned, Position, Precondition, Programs, PutItem,
    Query, Reason, Restore, SHARDS, Scan, Scope, Segment, Select, SelectItems, Selection, Shard, Stepped,
    StreamInfo, StreamPage, StreamRecord, StreamStart, TABLE_UNITS_MAX, TABLES_MAX, TAGS_MAX, TableInfo,
    TableItems, TableKeys, TablePage, TablePolicy, TableWrites, TableWritten, Tables, TablesError, Token,
    TransactAction, TransactFound, TransactWrite, TransactWritten, TransferPage, TransferRecord, UpdateItem,
    View, Wanted, Written, digest, read_policy, read_sequence_number, sequence_number, write_change,
};
pub use table::{
    AttributeDefinition, BackupId, Billing, Bound, ChangeCapacity, CreateIndex, CreateTable, History, Index,
    IndexChange, IndexKind, IndexStatus, KeyElement, KeyRole, Most, Projected, Recovery, Restored, Scaling,
    StreamId, StreamView, TableClass, TableId, TableName, TableRecord, TableStream, Throughput, TimeToLive,
    TimeToLiveStatus, Transfer, TransferId, UpdateTable,
};

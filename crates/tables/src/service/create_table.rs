use super::{Count, TableInfo, Tables, TablesError, read_policy, stream};
use crate::keys;
use crate::table::{CreateTable, IndexStatus, TableId, TableRecord};
use clock::Clock;
use kv::{Read, Transaction};

/// Of one account in one region, as the published quota has it.
pub const TABLES_MAX: usize = 2_500;

impl Tables {
    /// The table can be used as soon as this answers.
    ///
    /// # Errors
    /// `Refused`, `TableExists`, `TooMany`; the store fails.
    pub async fn create_table(&self, request: CreateTable) -> Result<TableInfo, TablesError> {
        request.check()?;
        super::tags::check(&request.tags)?;
        if let Some(policy) = &request.policy {
            read_policy(policy)?;
        }
        let (id, clock) = (self.clock.uuid(), self.clock.clone());
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let record = make(tx, &request, &id, &clock).await?;
                kv::put_record(tx, keys::table(&request.table), &record);
                Ok(TableInfo::new(request.table.clone(), record, Vec::new(), Count::default()))
            })
            .await
    }
}

/// All that a table is made of but its record, which whoever calls keeps. The request was checked.
///
/// # Errors
/// `Refused`, `TableExists`, `TooMany`; the store fails.
pub(super) async fn make(
    tx: &mut Transaction,
    request: &CreateTable,
    id: &str,
    clock: &Clock,
) -> Result<TableRecord, TablesError> {
    if tx.get(&keys::table(&request.table)).await?.is_some() {
        return Err(TablesError::TableExists(request.table.name.to_string()));
    }
    refuse_too_many(tx, &request.table).await?;
    let (number, now) = (next_number(tx).await?, clock.now());
    let mut record = record(request.clone(), number, id.to_owned(), now);
    if super::limits::units(&record) != (0, 0) {
        super::limits::check(tx, &request.table, &record).await?;
    }
    if let Some(policy) = &request.policy {
        super::resource_policy::put(tx, &request.table, policy.clone(), clock);
    }
    if let Some(view) = request.stream {
        stream::begin(tx, &request.table, &mut record, view, now).await?;
    }
    Ok(record)
}

fn record(request: CreateTable, number: u64, id: String, now: clock::Timestamp) -> TableRecord {
    let CreateTable {
        table: _,
        policy: _,
        attributes,
        key,
        indexes,
        billing,
        deletion_protection,
        tags,
        class,
        scaling,
        stream: _,
    } = request;
    let numbered = (1u32..).zip(indexes);
    let indexes: Vec<_> =
        numbered.map(|(number, index)| index.into_index(number, IndexStatus::Active)).collect();
    TableRecord {
        number,
        id,
        created: now,
        attributes,
        key,
        next_index: u32::try_from(indexes.len()).unwrap_or(u32::MAX).saturating_add(1),
        indexes,
        billing,
        deletion_protection,
        tags,
        class,
        class_changed: None,
        per_request_since: None,
        scaling,
        stream: None,
        time_to_live: None,
        history: None,
        restored: None,
        is_creating: false,
    }
}

/// # Errors
/// `TooMany`; the store fails.
pub(super) async fn refuse_too_many(tx: &Transaction, table: &TableId) -> Result<(), TablesError> {
    let mine = keys::tables(&table.account, &table.region).range();
    if tx.range(&mine, TABLES_MAX).await?.len() >= TABLES_MAX {
        return Err(TablesError::TooMany(format!(
            "Subscriber limit exceeded: there are {TABLES_MAX} tables in this account and region"
        )));
    }
    Ok(())
}

/// From 1 up, for all that has items of its own.
pub(super) async fn next_number(tx: &mut Transaction) -> Result<u64, TablesError> {
    let place = keys::last_number();
    let last = tx.get(&place).await?;
    let last = last.as_deref().and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_be_bytes);
    let next = last.saturating_add(1);
    tx.put(place, next.to_be_bytes().to_vec());
    Ok(next)
}

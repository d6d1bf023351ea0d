mod indexes;

use super::{TableInfo, Tables, TablesError, limits, stream};
use crate::Refusal;
use crate::keys;
use crate::table::{
    AttributeDefinition, Billing, Bound, ChangeCapacity, Index, IndexChange, IndexStatus, Scaling, TableId,
    TableRecord, Throughput, UpdateTable,
};
use clock::Timestamp;
use indexes::Follow;
use kv::Transaction;

impl Tables {
    /// Everything holds as soon as this answers, but that a new index is read only when [`Tables::fill`] is done
    /// with it. An index that is deleted is told once more, as `Deleting`.
    ///
    /// # Errors
    /// `NoSuchTable`, `NotFound` (an index), `Refused`, `InUse` while an index is made, `TooMany`; the store fails.
    pub async fn update_table(&self, request: UpdateTable) -> Result<TableInfo, TablesError> {
        if request.is_empty() {
            return Err(refused(
                "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or \
                 SSESpecification or ReplicaUpdates is required",
            ));
        }
        let (known, now) = (self.known.clone(), self.clock.now());
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let id = &request.table;
                let was = known.table(tx, id).await?.record.clone();
                if !indexes::stops_what_is_made(&was, &request.indexes) {
                    refuse_updating(id, &was)?;
                }
                let mut record = was.clone();
                define(&mut record.attributes, &request.attributes)?;
                if let Some(protection) = request.deletion_protection {
                    record.deletion_protection = protection;
                }
                if let Some(class) = request.class {
                    record.class_changed = (class != was.class).then_some(now).or(was.class_changed);
                    record.class = class;
                }
                bill(&mut record, request.billing, &request.indexes, now)?;
                capacity(&mut record.scaling, request.capacity, record.billing)?;
                if let Some(view) = request.stream {
                    stream::switch(tx, id, &mut record, view, now).await?;
                }
                let followed = indexes::change(&mut record, &request.indexes, now)?;
                record.check(id)?;
                let (before, after) = (limits::units(&was), limits::units(&record));
                if after.0 > before.0 || after.1 > before.1 {
                    limits::check(tx, id, &record).await?;
                }
                let mut told = record.clone();
                match followed {
                    Some(Follow::Fill(index)) => super::fill::begin(tx, id, record.number, index),
                    Some(Follow::Sweep(index)) => {
                        tx.delete(keys::fill(record.number, index.number));
                        tx.put(keys::gone(record.number, index.number), Vec::new());
                        told.indexes.push(Index { status: IndexStatus::Deleting, ..index });
                    }
                    None => {}
                }
                kv::put_record(tx, keys::table(id), &record);
                Ok(TableInfo::read(tx, id.clone(), told).await?)
            })
            .await
    }
}

/// # Errors
/// `InUse`
pub(super) fn refuse_updating(id: &TableId, record: &TableRecord) -> Result<(), TablesError> {
    if record.is_creating {
        return Err(TablesError::InUse(format!(
            "Attempt to change a resource which is still in use: Table is being created: {}",
            id.name
        )));
    }
    if record.indexes.iter().all(|index| index.status == IndexStatus::Active) {
        return Ok(());
    }
    Err(TablesError::InUse(format!(
        "Attempt to change a resource which is still in use: Table is being updated: {}",
        id.name
    )))
}

/// Adds definitions of attributes; those that are there already must say the same.
fn define(known: &mut Vec<AttributeDefinition>, given: &[AttributeDefinition]) -> Result<(), TablesError> {
    for attribute in given {
        match known.iter().find(|one| one.name == attribute.name) {
            Some(same) if same == attribute => {}
            Some(_) => {
                return Err(invalid(format!(
                    "Cannot change the type of an attribute that a key consists of: {}",
                    attribute.name
                )));
            }
            None => known.push(attribute.clone()),
        }
    }
    Ok(())
}

/// Changes the billing mode, or units that are provisioned.
fn bill(
    record: &mut TableRecord,
    billing: Option<Billing>,
    changes: &[IndexChange],
    now: Timestamp,
) -> Result<(), TablesError> {
    match (record.billing, billing) {
        (_, None) | (Billing::PayPerRequest, Some(Billing::PayPerRequest)) => {}
        (Billing::Provisioned(_), Some(Billing::PayPerRequest)) => {
            record.per_request_since = Some(now);
            record.indexes.iter_mut().for_each(|index| index.throughput = None);
        }
        (Billing::PayPerRequest, Some(Billing::Provisioned(_))) => {
            record.scaling.most = Default::default();
            record.indexes.iter_mut().for_each(|index| index.scaling.most = Default::default());
        }
        (Billing::Provisioned(from), Some(Billing::Provisioned(to))) => {
            if from == to && changes.is_empty() {
                return Err(unchanged("table", from));
            }
            record.scaling.change(from, to, now).map_err(TablesError::TooMany)?;
        }
    }
    record.billing = billing.unwrap_or(record.billing);
    Ok(())
}

fn capacity(scaling: &mut Scaling, change: ChangeCapacity, billing: Billing) -> Result<(), TablesError> {
    let has_most = change.most_read.is_some() || change.most_write.is_some();
    if has_most && billing != Billing::PayPerRequest {
        return Err(invalid("OnDemandThroughput can only be specified when BillingMode is PAY_PER_REQUEST"));
    }
    for (kept, change) in
        [(&mut scaling.most.read, change.most_read), (&mut scaling.most.write, change.most_write)]
    {
        match change {
            None => {}
            Some(Bound::Lifted) => *kept = None,
            Some(Bound::At(units)) => *kept = Some(units),
        }
    }
    if let Some(warm) = change.warm {
        scaling.warm_up(warm)?;
    }
    Ok(())
}

fn unchanged(what: &str, Throughput { read, write }: Throughput) -> TablesError {
    refused(format!(
        "The provisioned throughput for the {what} will not change. The requested value equals the current value. Current \
         ReadCapacityUnits provisioned for the {what}: {read}. Requested ReadCapacityUnits: {read}. Current \
         WriteCapacityUnits provisioned for the {what}: {write}. Requested WriteCapacityUnits: {write}. Refer to the Amazon \
         DynamoDB Developer Guide for current limits and how to request higher limits."
    ))
}

fn refused(text: impl Into<String>) -> TablesError {
    Refusal::validation(text).into()
}

fn invalid(what: impl std::fmt::Display) -> TablesError {
    refused(format!("One or more parameter values were invalid: {what}"))
}

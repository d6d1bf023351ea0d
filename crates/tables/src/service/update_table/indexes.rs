//! Global indexes made, changed and deleted.

use super::{ChangeCapacity, TablesError, capacity, invalid, refused, unchanged};
use crate::table::{
    AttributeDefinition, Billing, CreateIndex, Index, IndexChange, IndexKind, IndexStatus, TableRecord,
    Throughput,
};
use clock::Timestamp;
use std::collections::BTreeSet;

/// What has to be done for an index beside its place in the record.
pub(super) enum Follow {
    /// The number of one that is to be filled.
    Fill(u32),
    /// One that is gone.
    Sweep(Index),
}

/// Whether all that is asked for is that the index is given up that is being made.
pub(super) fn stops_what_is_made(record: &TableRecord, changes: &[IndexChange]) -> bool {
    let [IndexChange::Delete { name }] = changes else { return false };
    record.index(name).is_some_and(|index| index.status == IndexStatus::Creating)
}

pub(super) fn change(
    record: &mut TableRecord,
    changes: &[IndexChange],
    now: Timestamp,
) -> Result<Option<Follow>, TablesError> {
    let is_online = |change: &&IndexChange| !matches!(change, IndexChange::Update { .. });
    if changes.iter().filter(is_online).count() > 1 {
        return Err(TablesError::TooMany(
            "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table".to_owned(),
        ));
    }
    let mut named = BTreeSet::new();
    let mut follow = None;
    for change in changes {
        if !named.insert(name(change)) {
            return Err(invalid(
                "Only one global secondary index update per index is allowed simultaneously. Index: "
                    .to_owned()
                    + name(change),
            ));
        }
        match change {
            IndexChange::Create { index, capacity } => follow = Some(create(record, index, *capacity)?),
            IndexChange::Delete { name } => follow = Some(delete(record, name)?),
            IndexChange::Update { name, throughput, capacity } => {
                update(record, name, *throughput, *capacity, now)?;
            }
        }
    }
    Ok(follow)
}

fn name(change: &IndexChange) -> &str {
    match change {
        IndexChange::Create { index, .. } => &index.name,
        IndexChange::Update { name, .. } | IndexChange::Delete { name } => name,
    }
}

fn create(
    record: &mut TableRecord,
    index: &CreateIndex,
    change: ChangeCapacity,
) -> Result<Follow, TablesError> {
    if record.index(&index.name).is_some() {
        return Err(refused("Attempting to create an index which already exists"));
    }
    let number = record.next_index;
    record.next_index = number.saturating_add(1);
    let mut index = index.clone().into_index(number, IndexStatus::Creating);
    capacity(&mut index.scaling, change, record.billing)?;
    record.indexes.push(index);
    Ok(Follow::Fill(number))
}

fn delete(record: &mut TableRecord, name: &str) -> Result<Follow, TablesError> {
    let is_it = |index: &Index| index.name == name && index.kind == IndexKind::Global;
    let place = record.indexes.iter().position(is_it).ok_or(TablesError::NotFound)?;
    let index = record.indexes.remove(place);
    // Definitions that no key needs any more go with it.
    let TableRecord { attributes, key, indexes, .. } = record;
    let is_used = |attribute: &AttributeDefinition| {
        let keys = std::iter::once(&*key).chain(indexes.iter().map(|index| &index.key));
        keys.flatten().any(|element| element.name == attribute.name)
    };
    attributes.retain(is_used);
    Ok(Follow::Sweep(index))
}

fn update(
    record: &mut TableRecord,
    name: &str,
    throughput: Option<Throughput>,
    change: ChangeCapacity,
    now: Timestamp,
) -> Result<(), TablesError> {
    let billing = record.billing;
    let is_it = |index: &&mut Index| index.name == name && index.kind == IndexKind::Global;
    let index = record.indexes.iter_mut().find(is_it).ok_or(TablesError::NotFound)?;
    capacity(&mut index.scaling, change, billing)?;
    let Some(to) = throughput else {
        if change == ChangeCapacity::default() {
            return Err(invalid(format!("ProvisionedThroughput must be specified for index: {name}")));
        }
        return Ok(());
    };
    if billing == Billing::PayPerRequest {
        return Err(invalid(format!(
            "ProvisionedThroughput should not be specified for index: {name} when BillingMode is PAY_PER_REQUEST"
        )));
    }
    match index.throughput {
        Some(from) if from == to => return Err(unchanged(&format!("index {name}"), from)),
        Some(from) => index.scaling.change(from, to, now).map_err(TablesError::TooMany)?,
        None => {}
    }
    index.throughput = Some(to);
    Ok(())
}

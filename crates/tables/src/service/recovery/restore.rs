use crate::Refusal;
use crate::keys;
use crate::service::copy::{Copy, Phase, Source, Target};
use crate::service::create_table::{next_number, refuse_too_many};
use crate::service::{Count, TableInfo, Tables, TablesError, history};
use crate::table::{
    Billing, CreateIndex, Index, IndexKind, IndexStatus, Restored, Scaling, TableId, TableRecord,
};
use clock::Timestamp;
use kv::{Read, Transaction};

/// A table that is to be made of another as it was.
#[derive(Debug, Clone)]
pub struct Restore {
    pub source: TableId,
    pub target: TableId,
    pub moment: Moment,
    pub overrides: Overrides,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// All there is.
    Latest,
    At(Timestamp),
}

/// What the new table shall not have of the old one.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    pub billing: Option<Billing>,
    /// The global indexes that it shall have, with other throughputs if need be; `None`: all.
    pub global: Option<Vec<CreateIndex>>,
    pub local: Option<Vec<CreateIndex>>,
}

impl Tables {
    /// Begins to make the table; it can be used when it is told as active. It has the settings that its source has now,
    /// but no tags, stream, time to live, recovery or protection.
    ///
    /// # Errors
    /// `TableNotFound`, `NoRecovery`, `RestoreTime`, `TargetExists`, `TooMany`, `Refused`; the store fails.
    pub async fn restore_to_point_in_time(&self, request: Restore) -> Result<TableInfo, TablesError> {
        let (known, now, id) = (self.known.clone(), self.clock.now(), self.clock.uuid());
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let source = &request.source;
                let table = known.find(tx, source).await?;
                let table = table.ok_or_else(|| TablesError::TableNotFound(source.name.to_string()))?;
                let mut record = table.record.clone();
                let kept = record.history.as_ref().and_then(|history| history.recovery);
                let kept = kept.ok_or_else(|| TablesError::NoRecovery(source.name.to_string()))?;
                let at = match request.moment {
                    Moment::Latest => now,
                    Moment::At(at) => at,
                };
                if at < kept.earliest(now).truncated_to_seconds() || at > now {
                    return Err(TablesError::RestoreTime(format!(
                        "Table cannot be restored to {at}: only from {} to {now}",
                        kept.earliest(now)
                    )));
                }
                let number = history::begin_copy(tx, &mut record).await?;
                kv::put_record(tx, keys::table(source), &record);
                let since = match request.moment {
                    Moment::Latest => history::next(tx, number).await?.0,
                    Moment::At(at) => first_after(tx, number, at).await?,
                };
                let from = Source::of_table(source, record.number, number, since);
                let restored = Restored { backup: None, table: source.arn().to_string(), at };
                let new = Made { id: id.clone(), now, restored };
                make(tx, &request.target, record, &request.overrides, new, from).await
            })
            .await
    }
}

/// The first entry of a history that came after a moment; entries are in the order of their times.
///
/// # Errors
/// The store fails.
pub(crate) async fn first_after(from: &impl Read, number: u64, at: Timestamp) -> Result<u64, TablesError> {
    let all = keys::history(number);
    let (mut low, mut high) = (0, history::next(from, number).await?.0);
    while low < high {
        let middle = low + (high - low) / 2;
        let entry = from.get(&all.clone().number(middle)).await?;
        // What was forgotten is older than all that is left.
        let is_after = entry.map(|entry| history::decode(&entry).map(|before| before.at > at)).transpose()?;
        match is_after {
            Some(true) => high = middle,
            Some(false) | None => low = middle + 1,
        }
    }
    Ok(low)
}

/// What a restored table has of its own.
pub(crate) struct Made {
    pub id: String,
    pub now: Timestamp,
    pub restored: Restored,
}

/// Makes the table's record and begins to copy.
///
/// # Errors
/// `TargetExists`, `TooMany`, `Refused`; the store fails.
pub(crate) async fn make(
    tx: &mut Transaction,
    target: &TableId,
    source: TableRecord,
    overrides: &Overrides,
    made: Made,
    from: Source,
) -> Result<TableInfo, TablesError> {
    let place = keys::table(target);
    if tx.get(&place).await?.is_some() {
        return Err(TablesError::TargetExists(target.name.to_string()));
    }
    refuse_too_many(tx, target).await?;
    let Made { id, now, restored } = made;
    let mut record = TableRecord {
        number: next_number(tx).await?,
        id,
        created: now,
        deletion_protection: false,
        tags: Default::default(),
        class_changed: None,
        per_request_since: None,
        stream: None,
        time_to_live: None,
        history: None,
        restored: Some(restored),
        is_creating: true,
        ..source
    };
    override_indexes(&mut record, overrides)?;
    if let Some(billing) = overrides.billing {
        record.billing = billing;
        record.scaling = Scaling::default();
    }
    for index in &mut record.indexes {
        index.status = IndexStatus::Active;
        if record.billing == Billing::PayPerRequest {
            index.throughput = None;
        } else if let (Billing::Provisioned(units), None, IndexKind::Global) =
            (record.billing, index.throughput, index.kind)
        {
            index.throughput = Some(units);
        }
    }
    record.check(target)?;
    let TableId { account, region, name } = target.clone();
    let copy = Copy {
        source: from,
        target: Target::Table { account, region, name },
        phase: Phase::Rows { after: None },
    };
    kv::put_record(tx, keys::copy(record.number), &copy);
    kv::put_record(tx, place, &record);
    Ok(TableInfo::new(target.clone(), record, Vec::new(), Count::default()))
}

/// Keeps the indexes that are asked for, which must be among those there are.
fn override_indexes(record: &mut TableRecord, overrides: &Overrides) -> Result<(), Refusal> {
    for (kind, wanted) in [(IndexKind::Global, &overrides.global), (IndexKind::Local, &overrides.local)] {
        let Some(wanted) = wanted else { continue };
        for one in wanted {
            let same = |index: &Index| {
                (index.kind, &index.name, &index.key, &index.projected)
                    == (kind, &one.name, &one.key, &one.projected)
            };
            let Some(index) = record.indexes.iter_mut().find(|index| same(index)) else {
                return Err(Refusal::validation(format!(
                    "One or more parameter values were invalid: the source has no such secondary index: {}",
                    one.name
                )));
            };
            index.throughput = one.throughput.or(index.throughput);
        }
        record.indexes.retain(|index| index.kind != kind || wanted.iter().any(|one| one.name == index.name));
    }
    let used: Vec<String> = (record.key.iter())
        .chain(record.indexes.iter().flat_map(|index| &index.key))
        .map(|element| element.name.clone())
        .collect();
    record.attributes.retain(|attribute| used.contains(&attribute.name));
    Ok(())
}

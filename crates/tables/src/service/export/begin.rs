use super::describe::find;
use super::{Export, ExportRecord, ExportState, LineFormat, Scope, View};
use crate::Refusal;
use crate::keys;
use crate::service::copy::{Copy, Phase, Source, Target};
use crate::service::create_table::next_number;
use crate::service::items::Token;
use crate::service::recovery::first_after;
use crate::service::transfer::{self, Asker};
use crate::service::{Tables, TablesError, history};
use crate::table::{Recovery, TableId, Transfer};
use clock::Timestamp;
use kv::Transaction;
use std::time::Duration;

/// Under way at once in an account and region
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html>).
pub const EXPORTS_MAX: usize = 300;
/// Of an incremental export.
const PERIOD_MIN: Duration = Duration::from_secs(15 * 60);
const PERIOD_MAX: Duration = Duration::from_secs(24 * 60 * 60);
const MILLISECOND: Duration = Duration::from_millis(1);

#[derive(Debug, Clone)]
pub struct ExportTable {
    pub table: TableId,
    pub wanted: Wanted,
    pub format: LineFormat,
    pub bucket: String,
    pub bucket_owner: Option<String>,
    pub prefix: Option<String>,
    pub encryption: Option<String>,
    pub asker: Asker,
    pub token: Option<Token>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// `None`: as it is now.
    All { at: Option<Timestamp> },
    /// `to`, `None`: until now.
    Changes { from: Timestamp, to: Option<Timestamp>, view: View },
}

impl Tables {
    /// Begins an export, which is made in the background.
    ///
    /// # Errors
    /// `TableNotFound`, `InUse`, `NoRecovery`, `ExportTime`, `ExportConflict`, `TooMany`, `Refused`; the store fails.
    pub async fn export_table(&self, request: ExportTable) -> Result<Export, TablesError> {
        let (tables, now) = (self.clone(), self.clock.now());
        let id = transfer::new_id(Transfer::Export, request.table.clone(), &self.clock);
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let token = request.token.as_ref();
                let conflict = TablesError::ExportConflict(
                    "The client token was used before for an export with other parameters",
                );
                if let Some(known) = transfer::known(tx, Transfer::Export, token, conflict, now).await? {
                    return Ok(Export { record: find(tx, &known).await?, id: known });
                }
                let of = &id.table;
                let table = tables.known.find(tx, of).await?;
                let table = table.ok_or_else(|| TablesError::TableNotFound(of.name.to_string()))?;
                if table.record.is_creating {
                    return Err(TablesError::InUse(format!("Table is being created: {}", of.name)));
                }
                let mut record = table.record.clone();
                let kept = record.history.as_ref().and_then(|history| history.recovery);
                let kept = kept.ok_or_else(|| TablesError::NoRecovery(of.name.to_string()))?;
                let scope = scope(request.wanted, &kept, now)?;
                transfer::refuse_too_many(tx, Transfer::Export, of, EXPORTS_MAX).await?;

                let history = history::begin_copy(tx, &mut record).await?;
                kv::put_record(tx, keys::table(of), &record);
                let first_at = async |tx: &Transaction, at: Timestamp| {
                    first_after(tx, history, at.minus(MILLISECOND)).await
                };
                let (since, phase) = match (scope, request.wanted) {
                    (Scope::All { .. }, Wanted::All { at: None }) => {
                        (history::next(tx, history).await?.0, Phase::Rows { after: None })
                    }
                    (Scope::All { at }, _) => {
                        (first_after(tx, history, at).await?, Phase::Rows { after: None })
                    }
                    (Scope::Changes { from, to, .. }, _) => {
                        (first_at(tx, to).await?, Phase::Changes { from: first_at(tx, from).await? })
                    }
                };
                let number = next_number(tx).await?;
                let TableId { account, region, name } = of.clone();
                let tells_changes = matches!(scope, Scope::Changes { .. });
                let target = Target::Export { account, region, name, id: id.id.clone(), tells_changes };
                let source = Source::of_table(of, record.number, history, since);
                kv::put_record(tx, keys::copy(number), &Copy { source, target, phase });

                let export = ExportRecord {
                    number,
                    table_id: record.id,
                    key: record.key,
                    scope,
                    format: request.format,
                    bucket: request.bucket.clone(),
                    bucket_owner: request.bucket_owner.clone(),
                    prefix: request.prefix.clone(),
                    encryption: request.encryption.clone(),
                    token: token.map(|token| token.text.clone()),
                    asker: request.asker.clone(),
                    started: now,
                    ended: None,
                    state: ExportState::Copying,
                    files: 0,
                    after: None,
                    items: 0,
                    bytes: 0,
                };
                transfer::forget_old::<ExportRecord>(tx, Transfer::Export, of, now).await?;
                transfer::remember(tx, &id, token, now).await?;
                transfer::note_work(tx, &id, number);
                kv::put_record(tx, keys::transfer(&id), &export);
                Ok(Export { id: id.clone(), record: export })
            })
            .await
    }
}

/// # Errors
/// `ExportTime`: recovery does not reach that moment; `Refused`: a while that is too short or too long.
fn scope(wanted: Wanted, kept: &Recovery, now: Timestamp) -> Result<Scope, TablesError> {
    let earliest = kept.earliest(now);
    let check = |at: Timestamp| {
        if at >= earliest.truncated_to_seconds() && at <= now {
            return Ok(at);
        }
        Err(TablesError::ExportTime(format!(
            "{at} is outside of the point in time recovery window, from {earliest} to {now}"
        )))
    };
    match wanted {
        Wanted::All { at } => Ok(Scope::All { at: check(at.unwrap_or(now))? }),
        Wanted::Changes { from, to, view } => {
            let (from, to) = (check(from)?, check(to.unwrap_or(now))?);
            if to < from + PERIOD_MIN || to > from + PERIOD_MAX {
                return Err(TablesError::Refused(Refusal::validation(
                    "One or more parameter values were invalid: the period from ExportFromTime to ExportToTime must \
                     be at least 15 minutes and at most 24 hours long",
                )));
            }
            Ok(Scope::Changes { from, to, view })
        }
    }
}

use super::token::{self, Token};
use super::{Action, Collection, Consumed, Precondition, Written, batch_write, place, row, write};
use crate::Refusal;
use crate::capacity::{Read as How, Units, Write};
use crate::key::EncodedKey;
use crate::service::error::Reason;
use crate::service::known::{Known, Table};
use crate::service::throughput::{Side, Throughputs};
use crate::service::{Tables, TablesError};
use crate::table::TableId;
use kv::{Read, Transaction};
use std::collections::HashSet;
use std::sync::Arc;

/// Bytes of all items of a transaction.
const TRANSACTION_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// One action of a transaction.
#[derive(Debug, Clone)]
pub struct TransactAction {
    pub table: TableId,
    pub action: Action,
    pub precondition: Precondition,
}

#[derive(Debug, Clone)]
pub struct TransactWrite {
    pub actions: Vec<TransactAction>,
    /// Within ten minutes, a request with the same token does nothing again.
    pub token: Option<Token>,
}

#[derive(Debug, Clone, Default)]
pub struct TransactWritten {
    /// By table, in the order in which they first came. Of a repeated request: what reading the items would take.
    pub consumed: Vec<(TableId, Consumed)>,
    /// By table, of those with local indexes.
    pub collections: Vec<(TableId, Vec<Collection>)>,
    /// Each item as it was and, where it was updated, as it is. Empty for a repeated request.
    pub written: Vec<Written>,
    /// Whether the token was known, and nothing was done.
    pub repeated: bool,
}

impl Tables {
    /// Does all or nothing. The store has one writer, so two transactions never meet: one sees what the other did, and
    /// `TransactionConflict` never arises.
    ///
    /// # Errors
    /// `NotFound`; `Cancelled` with a reason for each action; `TokenMismatch`; `Refused`: the same item twice, more than
    /// 4 MB; the store fails.
    pub async fn transact_write(&self, request: TransactWrite) -> Result<TransactWritten, TablesError> {
        let (known, throughput, now) = (self.known.clone(), self.throughput.clone(), self.clock.now());
        self.kv
            .transact(async move |tx: &mut Transaction| {
                if let Some(token) = &request.token
                    && token::is_known(tx, token, now).await?
                {
                    return repeated(tx, &known, &request.actions).await;
                }
                let actions = located(tx, &known, &request.actions).await?;
                let written = perform(tx, &throughput, &request.actions, &actions).await?;
                let mut outcome = TransactWritten::default();
                for (action, one) in request.actions.iter().zip(&written) {
                    add(&mut outcome.consumed, &action.table, &one.consumed);
                    note(&mut outcome.collections, &action.table, one.collection.clone());
                }
                if let Some(token) = &request.token {
                    token::keep(tx, token, now).await?;
                }
                for ((table, _), one) in actions.iter().zip(&written) {
                    throughput.take(table, &one.consumed, Side::Write);
                }
                outcome.written = written;
                Ok(outcome)
            })
            .await
    }
}

type Located = (Arc<Table>, Result<EncodedKey, Refusal>);

/// # Errors
/// `NotFound`; `Refused`: two actions on one item.
async fn located(
    from: &impl Read,
    known: &Known,
    actions: &[TransactAction],
) -> Result<Vec<Located>, TablesError> {
    let mut seen = HashSet::new();
    let mut located = Vec::with_capacity(actions.len());
    for TransactAction { table, action, .. } in actions {
        let table = known.for_items(from, table).await?;
        let key = action.key(&table);
        if let Ok(key) = &key
            && !seen.insert((table.number, key.clone()))
        {
            return Err(Refusal::validation(
                "Transaction request cannot include multiple operations on one item",
            )
            .into());
        }
        located.push((table, key));
    }
    Ok(located)
}

/// Every action is tried, so that each has its reason if any fails: no two are about one item, so none changes what
/// another one sees.
async fn perform(
    tx: &mut Transaction,
    throughput: &Throughputs,
    actions: &[TransactAction],
    located: &[Located],
) -> Result<Vec<Written>, TablesError> {
    let (mut all, mut reasons, mut bytes) = (Vec::with_capacity(actions.len()), Vec::new(), 0);
    for (TransactAction { action, precondition, .. }, (table, key)) in actions.iter().zip(located) {
        let one = match throughput
            .admit(table, None, Side::Write)
            .and(key.as_ref().map_err(|no| no.clone().into()))
        {
            Ok(key) => write::perform(tx, table, key, action, precondition, Write::Transactional).await,
            Err(error) => Err(error),
        };
        match one {
            Ok(written) => {
                let size = |item: &Option<crate::value::Item>| {
                    item.as_ref().map_or(0, |item| item.view().size().into())
                };
                bytes += action.size().max(size(&written.new));
                all.push(written);
                reasons.push(Reason::None);
            }
            Err(error) => reasons.push(Reason::of(error)?),
        }
    }
    if reasons.iter().any(|reason| *reason != Reason::None) {
        return Err(TablesError::Cancelled(reasons));
    }
    check_size(bytes)?;
    Ok(all)
}

async fn repeated(
    tx: &Transaction,
    known: &Known,
    actions: &[TransactAction],
) -> Result<TransactWritten, TablesError> {
    let mut outcome = TransactWritten { repeated: true, ..TransactWritten::default() };
    for (action, (table, key)) in actions.iter().zip(located(tx, known, actions).await?) {
        let stored = tx.get(&place::item(table.number, &key?)).await?;
        let item = stored.as_deref().map(row::decode).transpose()?;
        let units = Units::read(item.map_or(0, |item| item.size().into()), How::Transactional);
        add(&mut outcome.consumed, &action.table, &Consumed::of_table(units));
    }
    Ok(outcome)
}

/// # Errors
/// `Refused`: more than 4 MB.
pub(super) fn check_size(bytes: u64) -> Result<(), TablesError> {
    if bytes > TRANSACTION_BYTES_MAX {
        return Err(Refusal::validation(
            "The aggregate size of the items in the transaction exceeds the maximum allowed size of 4 MB",
        )
        .into());
    }
    Ok(())
}

pub(super) fn add(all: &mut Vec<(TableId, Consumed)>, table: &TableId, consumed: &Consumed) {
    match all.iter_mut().find(|(known, _)| known == table) {
        Some((_, sum)) => sum.add(consumed),
        None => all.push((table.clone(), consumed.clone())),
    }
}

fn note(all: &mut Vec<(TableId, Vec<Collection>)>, table: &TableId, changed: Option<Collection>) {
    if changed.is_none() {
        return;
    }
    if !all.iter().any(|(known, _)| known == table) {
        all.push((table.clone(), Vec::new()));
    }
    if let Some((_, collections)) = all.iter_mut().find(|(known, _)| known == table) {
        batch_write::keep(collections, changed);
    }
}

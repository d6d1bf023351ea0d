//! How much waits, and how much may.

use crate::{FunctionId, keys};
use kv::{KvError, Record, Transaction};
use serde::{Deserialize, Serialize};

/// How much may wait before further events are refused. What is refused or held back is neither lost nor
/// accepted: whoever sends it is told to come again.
///
/// An event that tells a destination of an outcome is always accepted. It takes the place of the one whose
/// outcome it tells, so that an account's number of events never grows by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventBounds {
    pub function_events_max: u64,
    pub function_bytes_max: u64,
    pub account_events_max: u64,
    pub account_bytes_max: u64,
}

impl Default for EventBounds {
    fn default() -> Self {
        EventBounds {
            function_events_max: 100_000,
            function_bytes_max: 1 << 30,
            account_events_max: 500_000,
            account_bytes_max: 4 << 30,
        }
    }
}

/// What became of an event that wanted to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    Accepted,
    /// As many wait for the function as may.
    FunctionFull,
    /// As many wait for all functions of its account as may.
    AccountFull,
}

/// What waits for one function, or for one account's functions together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Backlog {
    pub events: u64,
    /// Of the events themselves.
    pub bytes: u64,
    /// When the first of the function's queue is due: part of its key in `AsyncNext`. Accounts have none.
    pub next_ms: Option<u64>,
}

impl Record for Backlog {
    const KIND: &'static str = "backlog of events";
    const VERSION: u8 = 1;
}

/// Counts one more event, unless that would go over `bounds`.
pub(super) async fn enter(
    tx: &mut Transaction,
    id: &FunctionId,
    bytes: u64,
    bounds: Option<&EventBounds>,
) -> Result<Admission, KvError> {
    let mut function = of_function(tx, id).await?;
    let mut account = of_account(tx, id).await?;
    if let Some(bounds) = bounds {
        let full = |of: &Backlog, events_max, bytes_max| {
            of.events >= events_max || of.bytes.saturating_add(bytes) > bytes_max
        };
        if full(&function, bounds.function_events_max, bounds.function_bytes_max) {
            return Ok(Admission::FunctionFull);
        }
        if full(&account, bounds.account_events_max, bounds.account_bytes_max) {
            return Ok(Admission::AccountFull);
        }
    }
    for backlog in [&mut function, &mut account] {
        backlog.events += 1;
        backlog.bytes = backlog.bytes.saturating_add(bytes);
    }
    put(tx, id, &function, &account);
    Ok(Admission::Accepted)
}

/// Counts one less.
pub(super) async fn leave(tx: &mut Transaction, id: &FunctionId, bytes: u64) -> Result<(), KvError> {
    let mut function = of_function(tx, id).await?;
    let mut account = of_account(tx, id).await?;
    for backlog in [&mut function, &mut account] {
        backlog.events = backlog.events.saturating_sub(1);
        backlog.bytes = backlog.bytes.saturating_sub(bytes);
    }
    put(tx, id, &function, &account);
    Ok(())
}

pub(super) async fn of_function(tx: &Transaction, id: &FunctionId) -> Result<Backlog, KvError> {
    Ok(kv::get_record(tx, keys::backlog(id)).await?.unwrap_or_default())
}

/// Nothing is kept of a function for which nothing waits.
pub(super) fn put_function(tx: &mut Transaction, id: &FunctionId, backlog: &Backlog) {
    if *backlog == Backlog::default() {
        tx.delete(keys::backlog(id));
    } else {
        kv::put_record(tx, keys::backlog(id), backlog);
    }
}

async fn of_account(tx: &Transaction, id: &FunctionId) -> Result<Backlog, KvError> {
    Ok(kv::get_record(tx, keys::account_backlog(&id.account)).await?.unwrap_or_default())
}

fn put(tx: &mut Transaction, id: &FunctionId, function: &Backlog, account: &Backlog) {
    put_function(tx, id, function);
    kv::put_record(tx, keys::account_backlog(&id.account), account);
}

use crate::{FunctionId, Functions, FunctionsError, invoke, keys, lookup};
use bytes::Bytes;
use clock::Timestamp;
use kv::{KvError, Read, Record, Transaction};
use names::key::KeyParts;
use names::{Key, Keyspace, Qualifier};
use serde::{Deserialize, Serialize};

/// Of the event of an asynchronous invocation (1 MiB since October 2025).
pub const EVENT_BYTES_MAX: usize = 1024 * 1024;

/// An event to be handed to a function at least once.
#[derive(Debug, Clone)]
pub struct AsyncEvent {
    /// A UUID; every attempt has the same.
    pub request_id: String,
    pub id: FunctionId,
    pub qualifier: Option<Qualifier>,
    /// JSON, at most [`EVENT_BYTES_MAX`].
    pub payload: Bytes,
    pub client_context: Option<String>,
    pub trace_id: Option<String>,
    /// Events with the same order never run at the same time, and their first attempts run in the order
    /// in which they were accepted. One whose code failed does not hold up the others while it waits.
    pub order: Option<String>,
}

/// An accepted event that is not settled. Its bytes are beside it.
///
/// Invariants: exactly one `AsyncDue` entry leads to it, unless it waits behind another of its order.
/// Of an order's events that were never attempted, `AsyncOrder` has all and `AsyncDue` only the first.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct InvocationRecord {
    pub id: FunctionId,
    pub qualifier: Option<Qualifier>,
    pub client_context: Option<String>,
    pub trace_id: Option<String>,
    pub order: Option<String>,
    pub accepted: Timestamp,
    pub sequence: u64,
    /// Part of its key in `AsyncDue`.
    pub due_ms: u64,
    /// How often the code ran and failed.
    pub failures: u32,
    /// Attempts in a row that found no instance.
    pub unavailable: u32,
}

impl Record for InvocationRecord {
    const KIND: &'static str = "asynchronous invocation";
    const VERSION: u8 = 1;
}

/// One entry of `AsyncDue`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Due {
    pub at_ms: u64,
    pub request_id: String,
    pub order: Option<String>,
}

impl Functions {
    /// Accepts an event: once this returns, it survives a crash.
    ///
    /// # Errors
    /// `NotFound`; `TooLarge` for more than 1 MiB.
    pub async fn invoke_async(&self, event: AsyncEvent) -> Result<(), FunctionsError> {
        if event.payload.len() > EVENT_BYTES_MAX {
            return Err(invoke::too_large(event.payload.len(), EVENT_BYTES_MAX, "InvokeAsync"));
        }
        let now = self.clock.now();
        self.kv
            .transact(async move |tx: &mut Transaction| {
                lookup::check_target(tx, &event.id, event.qualifier.as_ref()).await?;
                Ok(enqueue(tx, &event, now).await?)
            })
            .await
    }
}

/// Accepts an event in the caller's transaction. Whether its function is there is found out when its
/// turn comes.
///
/// # Errors
/// The store failed.
pub async fn enqueue(tx: &mut Transaction, event: &AsyncEvent, now: Timestamp) -> Result<(), KvError> {
    let sequence = next_sequence(tx).await?;
    let record = InvocationRecord {
        id: event.id.clone(),
        qualifier: event.qualifier.clone(),
        client_context: event.client_context.clone(),
        trace_id: event.trace_id.clone(),
        order: event.order.clone(),
        accepted: now,
        sequence,
        due_ms: ms(now),
        failures: 0,
        unavailable: 0,
    };
    kv::put_record(tx, keys::invocation(&event.request_id), &record);
    tx.put(keys::payload(&event.request_id), event.payload.clone());
    if let Some(order) = &event.order {
        let first = tx.range(&of_order(order).range(), 1).await?.is_empty();
        tx.put(keys::order(order, sequence, &event.request_id), Bytes::new());
        if !first {
            return Ok(());
        }
    }
    put_due(tx, &event.request_id, &record);
    Ok(())
}

/// Moves an event to a later attempt. `ran`: its code was tried, so the next of its order may go.
pub(super) async fn postpone(
    tx: &mut Transaction,
    request_id: &str,
    old: &InvocationRecord,
    new: &InvocationRecord,
    ran: bool,
    now: Timestamp,
) -> Result<(), FunctionsError> {
    tx.delete(keys::due(old.due_ms, old.sequence, request_id));
    kv::put_record(tx, keys::invocation(request_id), new);
    put_due(tx, request_id, new);
    if ran {
        let_next_go(tx, request_id, old, now).await?;
    }
    Ok(())
}

/// Forgets an event whose outcome is known.
pub(super) async fn remove(
    tx: &mut Transaction,
    request_id: &str,
    record: &InvocationRecord,
    now: Timestamp,
) -> Result<(), FunctionsError> {
    tx.delete(keys::due(record.due_ms, record.sequence, request_id));
    tx.delete(keys::invocation(request_id));
    tx.delete(keys::payload(request_id));
    let_next_go(tx, request_id, record, now).await
}

/// After the first attempt of an ordered event: the one behind it becomes due.
async fn let_next_go(
    tx: &mut Transaction,
    request_id: &str,
    record: &InvocationRecord,
    now: Timestamp,
) -> Result<(), FunctionsError> {
    let Some(order) = &record.order else { return Ok(()) };
    let own = keys::order(order, record.sequence, request_id);
    if tx.get(&own).await?.is_none() {
        return Ok(());
    }
    tx.delete(own);
    let Some((key, _)) = tx.range(&of_order(order).range(), 1).await?.into_iter().next() else {
        return Ok(());
    };
    let next_id = id_in_order(&key)?;
    let next: Option<InvocationRecord> = kv::get_record(tx, keys::invocation(&next_id)).await?;
    let mut next = next.ok_or_else(|| FunctionsError::Internal(format!("event {next_id} has no record")))?;
    next.due_ms = ms(now);
    kv::put_record(tx, keys::invocation(&next_id), &next);
    put_due(tx, &next_id, &next);
    Ok(())
}

/// The entries that are due, without those of `skip` and those whose order is in `orders`, at most `max`;
/// and when the next one will be, if none of these is later.
pub(super) async fn due(
    from: &impl Read,
    now: Timestamp,
    max: usize,
    skip: impl Fn(&Due) -> bool,
) -> Result<(Vec<Due>, Option<u64>), FunctionsError> {
    /// How many entries one look passes over at most. They are those that run or whose order does.
    const PASSED_MAX: usize = 10_000;
    const PAGE: usize = 256;
    let all = Key::new(Keyspace::AsyncDue);
    let mut range = all.range();
    let mut ready: Vec<Due> = Vec::new();
    let mut passed = 0;
    loop {
        let page = from.range(&range, PAGE).await?;
        for (key, order) in &page {
            let entry = read_due(key, order)?;
            if entry.at_ms > ms(now) {
                return Ok((ready, Some(entry.at_ms)));
            }
            let taken = entry.order.is_some() && ready.iter().any(|other| other.order == entry.order);
            if taken || skip(&entry) {
                passed += 1;
            } else {
                ready.push(entry);
            }
            if ready.len() == max || passed == PASSED_MAX {
                return Ok((ready, None));
            }
        }
        match page.last() {
            Some((key, _)) if page.len() == PAGE => range = all.range_after(key),
            _ => return Ok((ready, None)),
        }
    }
}

fn put_due(tx: &mut Transaction, request_id: &str, record: &InvocationRecord) {
    let order = record.order.clone().unwrap_or_default();
    tx.put(keys::due(record.due_ms, record.sequence, request_id), order);
}

fn read_due(key: &[u8], order: &[u8]) -> Result<Due, FunctionsError> {
    let read = || {
        let mut parts = KeyParts::of(Keyspace::AsyncDue, key)?;
        let at_ms = parts.number()?;
        parts.number()?;
        Ok::<_, names::NameError>((at_ms, parts.text()?))
    };
    let (at_ms, request_id) = read().map_err(unreadable)?;
    let order = String::from_utf8_lossy(order).into_owned();
    Ok(Due { at_ms, request_id, order: (!order.is_empty()).then_some(order) })
}

fn id_in_order(key: &[u8]) -> Result<String, FunctionsError> {
    let read = || {
        let mut parts = KeyParts::of(Keyspace::AsyncOrder, key)?;
        parts.text()?;
        parts.number()?;
        parts.text()
    };
    read().map_err(unreadable)
}

fn unreadable(error: names::NameError) -> FunctionsError {
    FunctionsError::Internal(format!("a key cannot be read: {error}"))
}

fn of_order(order: &str) -> Key {
    Key::new(Keyspace::AsyncOrder).text(order)
}

async fn next_sequence(tx: &mut Transaction) -> Result<u64, KvError> {
    let last = tx.get(&keys::sequence()).await?;
    let last = match last.as_deref().map(<[u8; 8]>::try_from) {
        None => 0,
        Some(Ok(bytes)) => u64::from_be_bytes(bytes),
        Some(Err(_)) => {
            return Err(KvError::Corrupt { kind: "sequence", reason: "not eight bytes".to_owned() });
        }
    };
    let next = last + 1;
    tx.put(keys::sequence(), next.to_be_bytes().to_vec());
    Ok(next)
}

/// Times before 1970 count as 1970.
pub(super) fn ms(at: Timestamp) -> u64 {
    u64::try_from(at.as_ms()).unwrap_or(0)
}

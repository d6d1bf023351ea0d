use super::backlog::{self, Admission, EventBounds};
use super::ready::{self, Place};
use crate::{FunctionId, Functions, FunctionsError, invoke, keys, lineage, lookup};
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
    /// Events with the same order, which must all be of one function, never run at the same time, and their
    /// first attempts run in the order in which they were accepted. One whose code failed does not hold up
    /// the others while it waits.
    pub order: Option<String>,
}

/// An accepted event that is not settled. Its bytes are beside it.
///
/// Invariants: exactly one `AsyncQueue` entry leads to it, unless it waits behind another of its order.
/// Of an order's events that were never attempted, `AsyncOrder` has all and `AsyncQueue` only the first.
/// What it counts in the backlogs is its `bytes`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct InvocationRecord {
    pub id: FunctionId,
    pub qualifier: Option<Qualifier>,
    pub client_context: Option<String>,
    pub trace_id: Option<String>,
    pub order: Option<String>,
    pub accepted: Timestamp,
    pub sequence: u64,
    /// How often the code ran and failed.
    pub failures: u32,
    /// Attempts in a row that found no instance.
    pub unavailable: u32,
    /// Of the event. `None`: accepted by an older program, which did not count.
    #[serde(default)]
    pub bytes: Option<u64>,
}

impl Record for InvocationRecord {
    const KIND: &'static str = "asynchronous invocation";
    const VERSION: u8 = 1;
}

impl Functions {
    /// Accepts an event: once this returns, it survives a crash.
    ///
    /// # Errors
    /// `NotFound`; `TooLarge` for more than 1 MiB; `TooManyEvents` while as many wait as may; `Recursive`
    /// when it comes from a loop.
    pub async fn invoke_async(&self, event: AsyncEvent) -> Result<(), FunctionsError> {
        if event.payload.len() > EVENT_BYTES_MAX {
            return Err(invoke::too_large(event.payload.len(), EVENT_BYTES_MAX, "InvokeAsync"));
        }
        let now = self.clock.now();
        let bounds = self.config.event_bounds;
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let found = lookup::find(tx, &event.id, event.qualifier.as_ref()).await?;
                lineage::check(event.trace_id.as_deref(), &event.id, &found.record)?;
                match enqueue(tx, &event, &bounds, now).await? {
                    Admission::Accepted => Ok(()),
                    Admission::FunctionFull => Err(FunctionsError::TooManyEvents { of_account: false }),
                    Admission::AccountFull => Err(FunctionsError::TooManyEvents { of_account: true }),
                }
            })
            .await
    }
}

/// Accepts an event in the caller's transaction, or changes nothing. Whether its function is there is found
/// out when its turn comes.
///
/// # Errors
/// The store failed.
pub async fn enqueue(
    tx: &mut Transaction,
    event: &AsyncEvent,
    bounds: &EventBounds,
    now: Timestamp,
) -> Result<Admission, KvError> {
    let admission = backlog::enter(tx, &event.id, event.payload.len() as u64, Some(bounds)).await?;
    if admission == Admission::Accepted {
        put(tx, event, now).await?;
    }
    Ok(admission)
}

/// Accepts what tells of the outcome of another event, however much waits: see [`EventBounds`].
pub(super) async fn enqueue_outcome(
    tx: &mut Transaction,
    event: &AsyncEvent,
    now: Timestamp,
) -> Result<(), KvError> {
    backlog::enter(tx, &event.id, event.payload.len() as u64, None).await?;
    put(tx, event, now).await
}

async fn put(tx: &mut Transaction, event: &AsyncEvent, now: Timestamp) -> Result<(), KvError> {
    let sequence = next_sequence(tx).await?;
    let record = InvocationRecord {
        id: event.id.clone(),
        qualifier: event.qualifier.clone(),
        client_context: event.client_context.clone(),
        trace_id: event.trace_id.clone(),
        order: event.order.clone(),
        accepted: now,
        sequence,
        failures: 0,
        unavailable: 0,
        bytes: Some(event.payload.len() as u64),
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
    let place = Place {
        id: event.id.clone(),
        due_ms: ms(now),
        sequence,
        request_id: event.request_id.clone(),
        order: event.order.clone(),
    };
    ready::replace(tx, &event.id, None, &[place]).await
}

/// Moves an event to a later attempt. `ran`: its code was tried, so the next of its order may go.
pub(super) async fn postpone(
    tx: &mut Transaction,
    place: &Place,
    new: &InvocationRecord,
    until: Timestamp,
    ran: bool,
    now: Timestamp,
) -> Result<(), KvError> {
    kv::put_record(tx, keys::invocation(&place.request_id), new);
    let mut places = vec![Place { due_ms: ms(until), ..place.clone() }];
    if ran {
        places.extend(next_of_order(tx, place, now).await?);
    }
    ready::replace(tx, &place.id, Some(place), &places).await
}

/// Forgets an event whose outcome is known.
pub(super) async fn remove(
    tx: &mut Transaction,
    place: &Place,
    record: &InvocationRecord,
    now: Timestamp,
) -> Result<(), KvError> {
    tx.delete(keys::invocation(&place.request_id));
    tx.delete(keys::payload(&place.request_id));
    if let Some(bytes) = record.bytes {
        backlog::leave(tx, &place.id, bytes).await?;
    }
    let next = next_of_order(tx, place, now).await?;
    ready::replace(tx, &place.id, Some(place), next.as_slice()).await
}

/// Takes an event that cannot be read out of everybody's way. Its bytes stay where they are.
pub(super) async fn set_aside(
    tx: &mut Transaction,
    place: &Place,
    why: &str,
    now: Timestamp,
) -> Result<(), KvError> {
    kv::set_aside(tx, keys::invocation(&place.request_id), InvocationRecord::KIND, why, now).await?;
    let bytes = tx.get(&keys::payload(&place.request_id)).await?.map_or(0, |bytes| bytes.len() as u64);
    backlog::leave(tx, &place.id, bytes).await?;
    let next = next_of_order(tx, place, now).await?;
    ready::replace(tx, &place.id, Some(place), next.as_slice()).await
}

/// After the first attempt of an ordered event: the one behind it becomes due. It is of the same function.
async fn next_of_order(
    tx: &mut Transaction,
    place: &Place,
    now: Timestamp,
) -> Result<Option<Place>, KvError> {
    let Some(order) = &place.order else { return Ok(None) };
    let own = keys::order(order, place.sequence, &place.request_id);
    if tx.get(&own).await?.is_none() {
        return Ok(None);
    }
    tx.delete(own);
    let Some((key, _)) = tx.range(&of_order(order).range(), 1).await?.into_iter().next() else {
        return Ok(None);
    };
    let (sequence, request_id) = read_order(&key)?;
    Ok(Some(Place {
        id: place.id.clone(),
        due_ms: ms(now),
        sequence,
        request_id,
        order: place.order.clone(),
    }))
}

/// Moves the next events of an older program's queue into those of their functions; how many.
pub(super) async fn adopt(tx: &mut Transaction, max: usize, now: Timestamp) -> Result<usize, KvError> {
    let entries = tx.range(&Key::new(Keyspace::AsyncDue).range(), max).await?;
    for (key, order) in &entries {
        tx.delete(key);
        let read = || {
            let mut parts = KeyParts::of(Keyspace::AsyncDue, key)?;
            Ok::<_, names::NameError>((parts.number()?, parts.number()?, parts.text()?))
        };
        let (due_ms, sequence, request_id) = read().map_err(broken)?;
        let found = kv::get_record::<InvocationRecord>(tx, keys::invocation(&request_id)).await;
        let record = match found {
            Ok(Some(record)) => record,
            Ok(None) => continue,
            Err(error) if error.is_unreadable() => {
                let key = keys::invocation(&request_id);
                tracing::error!(%request_id, %error, "an event was set aside");
                kv::set_aside(tx, key, InvocationRecord::KIND, &error.to_string(), now).await?;
                continue;
            }
            Err(error) => return Err(error),
        };
        let order = String::from_utf8_lossy(order).into_owned();
        let order = (!order.is_empty()).then_some(order);
        let place = Place { id: record.id.clone(), due_ms, sequence, request_id, order };
        ready::replace(tx, &record.id, None, &[place]).await?;
    }
    Ok(entries.len())
}

fn read_order(key: &[u8]) -> Result<(u64, String), KvError> {
    let read = || {
        let mut parts = KeyParts::of(Keyspace::AsyncOrder, key)?;
        parts.text()?;
        Ok::<_, names::NameError>((parts.number()?, parts.text()?))
    };
    read().map_err(broken)
}

fn broken(error: names::NameError) -> KvError {
    KvError::Corrupt { kind: "key", reason: error.to_string() }
}

fn of_order(order: &str) -> Key {
    Key::new(Keyspace::AsyncOrder).text(order)
}

pub(super) async fn next_sequence(tx: &mut Transaction) -> Result<u64, KvError> {
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

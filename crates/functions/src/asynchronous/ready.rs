//! Which events are tried next: a queue for each function, and an index of their first ones.
//!
//! Invariant: `AsyncNext` has exactly one entry for each function with a queue, and leads to the first in it.

use super::backlog;
use super::queue::ms;
use crate::{FunctionId, FunctionsError, keys};
use clock::Timestamp;
use kv::{KvError, Read, Transaction};
use names::key::KeyParts;
use names::{AccountId, FunctionName, Key, Keyspace, NameError, Region};
use std::collections::{HashMap, HashSet, VecDeque};

/// An event's place in its function's queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub id: FunctionId,
    pub due_ms: u64,
    pub sequence: u64,
    pub request_id: String,
    pub order: Option<String>,
}

impl Place {
    fn key(&self) -> Key {
        keys::queued(&self.id, self.due_ms, self.sequence, &self.request_id)
    }

    fn read(key: &[u8], order: &[u8]) -> Result<Place, FunctionsError> {
        let read = || {
            let mut parts = KeyParts::of(Keyspace::AsyncQueue, key)?;
            let id = function(&mut parts)?;
            Ok::<_, NameError>((id, parts.number()?, parts.number()?, parts.text()?))
        };
        let (id, due_ms, sequence, request_id) = read().map_err(unreadable)?;
        let order = String::from_utf8_lossy(order).into_owned();
        Ok(Place { id, due_ms, sequence, request_id, order: (!order.is_empty()).then_some(order) })
    }
}

/// What runs, as far as it decides on what may run next.
#[derive(Debug, Default)]
pub(super) struct UnderWay {
    pub request_ids: HashSet<String>,
    pub orders: HashSet<String>,
    pub by_function: HashMap<FunctionId, usize>,
}

/// Takes one place away, if any, and puts others in.
pub(super) async fn replace(
    tx: &mut Transaction,
    id: &FunctionId,
    old: Option<&Place>,
    new: &[Place],
) -> Result<(), KvError> {
    if let Some(old) = old {
        tx.delete(old.key());
    }
    for place in new {
        tx.put(place.key(), place.order.clone().unwrap_or_default());
    }
    let first = tx.range(&keys::of(Keyspace::AsyncQueue, id).range(), 1).await?;
    let next_ms = first.first().and_then(|(key, _)| due_ms(key));
    let mut backlog = backlog::of_function(tx, id).await?;
    if backlog.next_ms != next_ms {
        if let Some(old) = backlog.next_ms {
            tx.delete(keys::next(old, id));
        }
        if let Some(new) = next_ms {
            tx.put(keys::next(new, id), bytes::Bytes::new());
        }
        backlog.next_ms = next_ms;
        backlog::put_function(tx, id, &backlog);
    }
    Ok(())
}

/// The events to be tried now, with `free` slots for them; and when to look again, unless the end of one of
/// them or of those under way comes before.
///
/// A function takes a further slot only while it holds fewer than are free (the dynamic thresholds of
/// Choudhury and Hahne, 1998): alone it gets half of all, and whatever it is up to, a slot is left for the
/// first event of another one.
pub(super) async fn look(
    from: &impl Read,
    now: Timestamp,
    mut free: usize,
    under_way: &UnderWay,
) -> Result<(Vec<Place>, Option<u64>), FunctionsError> {
    let running: usize = under_way.by_function.values().sum();
    // Those that are due but whose events all run already are no more than run.
    let (functions, mut again) = due_functions(from, now, running + FUNCTIONS_MAX).await?;
    let mut functions: Vec<Candidate> = functions
        .into_iter()
        .map(|id| Candidate {
            holds: under_way.by_function.get(&id).copied().unwrap_or(0),
            id,
            entries: None,
        })
        .collect();
    let mut orders = under_way.orders.clone();
    let mut ready = Vec::new();
    while free > 0 {
        // The first of those that hold least: they come in the order in which they became due.
        let Some(index) = (0..functions.len()).min_by_key(|index| functions.get(*index).map(|f| f.holds))
        else {
            break;
        };
        let Some(candidate) = functions.get_mut(index) else { break };
        if candidate.holds >= free {
            break;
        }
        if candidate.entries.is_none() {
            let (entries, later) = entries(from, &candidate.id, now, free, under_way).await?;
            candidate.entries = Some(entries);
            again = [again, later].into_iter().flatten().min();
        }
        match candidate.entries.as_mut().and_then(VecDeque::pop_front) {
            None => {
                functions.remove(index);
            }
            Some(place) => {
                if place.order.as_ref().is_none_or(|order| orders.insert(order.clone())) {
                    candidate.holds += 1;
                    free -= 1;
                    ready.push(place);
                }
            }
        }
    }
    Ok((ready, again))
}

struct Candidate {
    id: FunctionId,
    holds: usize,
    entries: Option<VecDeque<Place>>,
}

/// Functions with nothing under way that one look considers at most; the others have their turn after.
const FUNCTIONS_MAX: usize = 64;

async fn due_functions(
    from: &impl Read,
    now: Timestamp,
    max: usize,
) -> Result<(Vec<FunctionId>, Option<u64>), FunctionsError> {
    let mut functions = Vec::new();
    for (key, _) in from.range(&Key::new(Keyspace::AsyncNext).range(), max).await? {
        let read = || {
            let mut parts = KeyParts::of(Keyspace::AsyncNext, &key)?;
            Ok::<_, NameError>((parts.number()?, function(&mut parts)?))
        };
        let (due_ms, id) = read().map_err(unreadable)?;
        if due_ms > ms(now) {
            return Ok((functions, Some(due_ms)));
        }
        functions.push(id);
    }
    Ok((functions, None))
}

/// At most `max` of a function's due events that may run, and when its next one will be due.
async fn entries(
    from: &impl Read,
    id: &FunctionId,
    now: Timestamp,
    max: usize,
    under_way: &UnderWay,
) -> Result<(VecDeque<Place>, Option<u64>), FunctionsError> {
    /// How many entries one look passes over at most. They are those that run or whose order does.
    const PASSED_MAX: usize = 10_000;
    const PAGE: usize = 64;
    let all = keys::of(Keyspace::AsyncQueue, id);
    let mut range = all.range();
    let (mut found, mut passed) = (VecDeque::new(), 0);
    let mut orders: HashSet<String> = HashSet::new();
    loop {
        let page = from.range(&range, PAGE).await?;
        for (key, order) in &page {
            let place = Place::read(key, order)?;
            if place.due_ms > ms(now) {
                return Ok((found, Some(place.due_ms)));
            }
            let blocked = place
                .order
                .as_ref()
                .is_some_and(|order| under_way.orders.contains(order) || !orders.insert(order.clone()));
            if blocked || under_way.request_ids.contains(&place.request_id) {
                passed += 1;
            } else {
                found.push_back(place);
            }
            if found.len() == max || passed == PASSED_MAX {
                return Ok((found, None));
            }
        }
        match page.last() {
            Some((key, _)) if page.len() == PAGE => range = all.range_after(key),
            _ => return Ok((found, None)),
        }
    }
}

fn function(parts: &mut KeyParts<'_>) -> Result<FunctionId, NameError> {
    Ok(FunctionId {
        account: AccountId::parse(&parts.text()?)?,
        region: Region::parse(&parts.text()?)?,
        name: FunctionName::parse(&parts.text()?)?,
    })
}

/// `None` for a key that cannot be read, which none of ours is.
fn due_ms(key: &[u8]) -> Option<u64> {
    let mut parts = KeyParts::of(Keyspace::AsyncQueue, key).ok()?;
    function(&mut parts).ok()?;
    parts.number().ok()
}

pub(super) fn unreadable(error: NameError) -> FunctionsError {
    FunctionsError::Internal(format!("a key cannot be read: {error}"))
}

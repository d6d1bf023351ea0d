use super::delete_message::Receipt;
use super::remove_message::remove;
use super::send_message::{check_id, sequence_number};
use super::settle::Waiting;
use super::work::{Work, less};
use super::{dead_letter, once, settle};
use crate::attribute::{Attribute, Attributes};
use crate::group::{Group, last_number, two_numbers};
use crate::keys::{self, Place};
use crate::message::Stored;
use crate::{QueueId, Queues, QueuesError, VISIBILITY_SECONDS_MAX};
use bytes::Bytes;
use kv::{Read, Transaction};

/// Messages of one answer.
pub const RECEIVED_MAX: usize = 10;
/// Messages of one queue that may be in flight at once
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>).
pub const IN_FLIGHT_MAX: u64 = 120_000;
/// Messages looked at for one answer: some may be too old, or dead letters, each of which may be written elsewhere with
/// its body of up to 1 MiB.
const EXAMINED_MAX: usize = 40;
/// Message groups looked at for one answer.
const GROUPS_MAX: usize = 50;

#[derive(Debug, Clone)]
pub struct Receive {
    /// 1 to [`RECEIVED_MAX`].
    pub most: usize,
    /// The queue's own where none is given.
    pub visibility_seconds: Option<u32>,
    pub wait_seconds: Option<u32>,
    /// Of a FIFO queue: the same answer once more, where the first one got lost.
    pub attempt: Option<String>,
}

#[derive(Debug, Clone)]
pub struct Received {
    pub id: String,
    pub receipt: Receipt,
    pub body: Bytes,
    pub sender: String,
    pub attributes: Attributes,
    pub trace: Option<Attribute>,
    pub group: Option<String>,
    pub deduplication: Option<String>,
    pub sequence_number: Option<String>,
    /// The ARN of the queue that it was moved from as a dead letter.
    pub dead_of: Option<String>,
    /// How often it was received, this time included.
    pub count: u32,
    pub sent_ms: u64,
    pub first_received_ms: u64,
}

/// What an answer held: (sent, sequence, how often it was received then).
type Attempt = Vec<(u64, u64, u32)>;

impl Queues {
    /// Without waiting.
    ///
    /// # Errors
    /// `NoSuchQueue`, `InvalidParameter`, `OverLimit`; the store fails.
    pub(super) async fn receive_now(
        &self,
        id: &QueueId,
        ask: &Receive,
    ) -> Result<Vec<Received>, QueuesError> {
        let (queues, id, ask) = (self.clone(), id.clone(), ask.clone());
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let queue = queues.known.queue(tx, &id).await?;
                let mut work = Work::open(tx, queue, queues.now()).await?;
                check(&work, &ask)?;
                settle::settle(tx, &mut work).await?;
                let visibility = ask.visibility_seconds.unwrap_or(work.queue.settings.visibility_seconds);
                let mut lease =
                    Lease { most: ask.most, until: work.now + u64::from(visibility) * 1000, examined: 0 };
                let received = match work.is_fifo() {
                    true => queues.of_groups(tx, &mut work, &mut lease, &id, ask.attempt.as_deref()).await?,
                    false => queues.of_messages(tx, &mut work, &mut lease, &id).await?,
                };
                work.close(tx, &queues.waiters);
                Ok(received)
            })
            .await
    }

    /// Of a standard queue: from both lanes in turns, so that what comes back again and again does not hold up what
    /// nobody has received yet, nor the other way round.
    async fn of_messages(
        &self,
        tx: &mut Transaction,
        work: &mut Work,
        lease: &mut Lease,
        id: &QueueId,
    ) -> Result<Vec<Received>, QueuesError> {
        if work.count.in_flight >= IN_FLIGHT_MAX {
            return Err(QueuesError::OverLimit(format!(
                "The maximum number of in flight messages is reached: {IN_FLIGHT_MAX}."
            )));
        }
        let mut received = Vec::new();
        while received.len() < lease.most && lease.examined < EXAMINED_MAX {
            let left = lease.most - received.len();
            let returned = tx.range(&keys::lane(work.number, keys::RETURNED).range(), left).await?;
            let fresh = tx.range(&keys::lane(work.number, keys::FRESH).range(), left).await?;
            if returned.is_empty() && fresh.is_empty() {
                break;
            }
            let (mut returned, mut fresh) = (returned.into_iter(), fresh.into_iter());
            for _ in 0..left {
                work.count.turns = work.count.turns.wrapping_add(1);
                let next = match work.count.turns % 2 {
                    0 => returned.next().or_else(|| fresh.next()),
                    _ => fresh.next().or_else(|| returned.next()),
                };
                let Some((key, value)) = next else { break };
                lease.examined += 1;
                let corrupt = QueuesError::Corrupt("order of what may be received");
                let (Some(sequence), Ok(sent)) = (last_number(&key), <[u8; 8]>::try_from(&value[..])) else {
                    return Err(corrupt);
                };
                let place = Place { sent: u64::from_be_bytes(sent), sequence };
                let stored = Stored::read(tx, work.number, place).await?.ok_or(corrupt)?;
                if stored.message.count == 0 {
                    work.count.served = work.count.served.max(stored.message.order);
                }
                if self.is_over(tx, work, place, &stored, id).await? {
                    continue;
                }
                tx.delete(&key);
                received.push(take(tx, work, lease, place, stored).await?);
            }
        }
        if lease.until <= work.now {
            // Only now, so that no message is in an answer twice.
            for Receipt { sent, sequence, .. } in received.iter().map(|one| one.receipt) {
                let key = keys::ready(work.number, keys::RETURNED, lease.until, sequence);
                tx.put(key, sent.to_be_bytes().to_vec());
            }
        }
        Ok(received)
    }

    /// Of a FIFO queue: as many as may be of one group before the next, in the order in which they were sent.
    async fn of_groups(
        &self,
        tx: &mut Transaction,
        work: &mut Work,
        lease: &mut Lease,
        id: &QueueId,
        attempt: Option<&str>,
    ) -> Result<Vec<Received>, QueuesError> {
        let attempt = attempt.map(|id| keys::attempt(work.queue.identity, id));
        if let Some(key) = &attempt
            && let Some(before) = once::find::<Attempt>(tx, key, work.now).await?
            && let Some(again) = again(tx, work, lease, &before).await?
        {
            remember(tx, work, key, &again).await?;
            return Ok(again);
        }
        let mut received = Vec::new();
        let offered = tx.range(&keys::lane(work.number, keys::RETURNED).range(), GROUPS_MAX).await?;
        for (key, value) in offered {
            let room = IN_FLIGHT_MAX.saturating_sub(work.count.in_flight) as usize;
            let left = (lease.most - received.len()).min(room);
            let at = crate::group::last_numbers(&key).map_or(u64::MAX, |(at, _)| at);
            if left == 0 || at > work.now || lease.examined >= EXAMINED_MAX {
                break;
            }
            let name =
                String::from_utf8(value.to_vec()).map_err(|_| QueuesError::Corrupt("message group"))?;
            received.append(&mut self.of_group(tx, work, lease, id, (&name, left)).await?);
        }
        if let Some(key) = attempt.filter(|_| !received.is_empty()) {
            remember(tx, work, &key, &received).await?;
        }
        Ok(received)
    }

    async fn of_group(
        &self,
        tx: &mut Transaction,
        work: &mut Work,
        lease: &mut Lease,
        id: &QueueId,
        (name, left): (&str, usize),
    ) -> Result<Vec<Received>, QueuesError> {
        let corrupt = || QueuesError::Corrupt("line of a group");
        let mut received = Vec::new();
        for (key, value) in tx.range(&keys::line(work.number, name).range(), left).await? {
            let sequence = last_number(&key).ok_or_else(corrupt)?;
            let (sent, available) = two_numbers(&value).ok_or_else(corrupt)?;
            if available > work.now {
                break;
            }
            if available > sent && tx.get(&keys::waiting(work.number, available, sequence)).await?.is_some() {
                // Due, but not yet counted as such: with the next step.
                break;
            }
            lease.examined += 1;
            let place = Place { sent, sequence };
            let stored = Stored::read(tx, work.number, place).await?.ok_or_else(corrupt)?;
            if self.is_over(tx, work, place, &stored, id).await? {
                continue;
            }
            received.push(take(tx, work, lease, place, stored).await?);
        }
        // Behind what it gave, since removing the first of them has offered it anew.
        let mut group = Group::read(tx, work.number, name).await?;
        group.withdraw(tx, work.number);
        if lease.until > work.now {
            group.in_flight += received.len() as u64;
        }
        group.offer(tx, work.number, name, work.now).await?;
        group.write(tx, work.number, name);
        Ok(received)
    }

    /// Whether it was no message to be received any more: too old, or a dead letter. It is gone then.
    async fn is_over(
        &self,
        tx: &mut Transaction,
        work: &mut Work,
        place: Place,
        stored: &Stored,
        id: &QueueId,
    ) -> Result<bool, QueuesError> {
        if place.sent < work.kept_since() {
            remove(tx, work, place, &stored.message).await?;
            return Ok(true);
        }
        dead_letter::bury(self, tx, work, place, stored, id).await
    }
}

/// What every message of an answer gets.
struct Lease {
    most: usize,
    until: u64,
    /// Messages looked at so far.
    examined: usize,
}

fn check(work: &Work, ask: &Receive) -> Result<(), QueuesError> {
    if !(1..=RECEIVED_MAX).contains(&ask.most) {
        return Err(QueuesError::value(
            ask.most,
            "MaxNumberOfMessages",
            "Must be between 1 and 10, if provided.",
        ));
    }
    if let Some(given) = ask.visibility_seconds.filter(|seconds| *seconds > VISIBILITY_SECONDS_MAX) {
        return Err(QueuesError::value(given, "VisibilityTimeout", "Must be between 0 and 43200."));
    }
    match &ask.attempt {
        Some(given) if !work.is_fifo() => Err(QueuesError::value(
            given,
            "ReceiveRequestAttemptId",
            "The request include parameter that is not valid for this queue type.",
        )),
        Some(given) => check_id("ReceiveRequestAttemptId", given),
        None => Ok(()),
    }
}

/// Leases a message that may be received. Its row in the order of these is the caller's to take away, and to put back
/// where it stays visible.
async fn take(
    tx: &mut Transaction,
    work: &mut Work,
    lease: &Lease,
    place: Place,
    mut stored: Stored,
) -> Result<Received, QueuesError> {
    let message = &mut stored.message;
    message.count += 1;
    message.last = work.now;
    message.due = lease.until;
    if message.first == 0 {
        message.first = work.now;
    }
    if lease.until > work.now {
        less(&mut work.count.visible);
        work.count.in_flight += 1;
        work.has_arrivals = true;
        put_lease(tx, work, place, &stored);
    }
    stored.rewrite(tx, work.number, place)?;
    let body = stored.body(tx, work.number, place).await?;
    Ok(shown(work, place, &stored, body))
}

pub(super) fn put_lease(tx: &mut Transaction, work: &Work, place: Place, stored: &Stored) {
    let group = stored.message.group.clone().filter(|_| work.is_fifo()).unwrap_or_default();
    let waiting = Waiting { is_leased: true, sent: place.sent, order: 0, group };
    tx.put(keys::waiting(work.number, stored.message.due, place.sequence), waiting.encode());
}

fn shown(work: &Work, place: Place, stored: &Stored, body: Bytes) -> Received {
    let message = &stored.message;
    Received {
        id: message.id.clone(),
        receipt: Receipt {
            identity: work.queue.identity,
            queue: work.number,
            sent: place.sent,
            sequence: place.sequence,
            count: message.count,
        },
        body,
        sender: message.sender.clone(),
        attributes: message.attributes.clone(),
        trace: message.trace.clone(),
        group: message.group.clone(),
        deduplication: message.deduplication.clone(),
        sequence_number: work.is_fifo().then(|| sequence_number(place.sequence)),
        dead_of: message.dead_of.clone(),
        count: message.count.saturating_add(message.count_before),
        sent_ms: place.sent,
        first_received_ms: message.first,
    }
}

async fn remember(
    tx: &mut Transaction,
    work: &Work,
    key: &names::Key,
    received: &[Received],
) -> Result<(), QueuesError> {
    let attempt: Attempt =
        received.iter().map(|one| (one.receipt.sent, one.receipt.sequence, one.receipt.count)).collect();
    once::keep(tx, key, work.now, attempt).await
}

/// The same messages as an earlier attempt was answered with, leased anew; `None` where anything became of one since.
async fn again(
    tx: &mut Transaction,
    work: &mut Work,
    lease: &Lease,
    before: &Attempt,
) -> Result<Option<Vec<Received>>, QueuesError> {
    let mut kept = Vec::with_capacity(before.len());
    for &(sent, sequence, count) in before {
        let place = Place { sent, sequence };
        match Stored::read(tx, work.number, place).await? {
            Some(stored) if stored.message.count == count && stored.message.due > work.now => {
                kept.push((place, stored));
            }
            _ => return Ok(None),
        }
    }
    if lease.until <= work.now {
        return Ok(None);
    }
    let mut received = Vec::with_capacity(kept.len());
    for (place, mut stored) in kept {
        tx.delete(keys::waiting(work.number, stored.message.due, place.sequence));
        stored.message.due = lease.until;
        stored.message.last = work.now;
        stored.message.count += 1;
        put_lease(tx, work, place, &stored);
        stored.rewrite(tx, work.number, place)?;
        let body = stored.body(tx, work.number, place).await?;
        received.push(shown(work, place, &stored, body));
    }
    Ok(Some(received))
}

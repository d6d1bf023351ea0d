//! Sources that hand out single messages, which are deleted when they are done and come again when they are not.
//!
//! No batch waits for another: as many are handed on at once as seems good. That begins small, grows while batches are
//! done, and shrinks when the function has no room for them, so that a burst does not use up messages' attempts.

mod event;

use super::attempt::{Attempt, PAYLOAD_BYTES_MAX};
use super::{Mapping, MappingError, Mappings, Pollers, Settings, Source};
use crate::Pattern;
use queues::{QueueId, Queues, RECEIVED_MAX, Receipt, Receive};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Batches at once, at first and at most
/// (<https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html>).
const AT_ONCE_FIRST: u32 = 5;
const AT_ONCE_MAX: u32 = 1_000;

/// How many batches may be under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct AtOnce {
    first: u32,
    /// Also while the function has no room.
    least: u32,
    most: u32,
}

impl AtOnce {
    fn of(settings: &Settings) -> AtOnce {
        match settings.pollers {
            Some(Pollers { least, most }) => {
                let least = least.saturating_mul(Pollers::BATCHES).max(1);
                AtOnce { first: least, least, most: most.saturating_mul(Pollers::BATCHES).max(least) }
            }
            None => {
                let most = settings.concurrency_max.unwrap_or(AT_ONCE_MAX).max(1);
                AtOnce { first: AT_ONCE_FIRST.min(most), least: 1, most }
            }
        }
    }

    fn grown(self, now: u32) -> Option<u32> {
        (now < self.most).then_some(now.saturating_add(1))
    }

    fn halved(self, now: u32) -> Option<u32> {
        Some((now / 2).max(self.least))
    }
}

/// Seconds that a look at an empty queue waits for a message.
const WAIT_SECONDS: u32 = 20;

/// The rest after the queue, or the right to read it, failed us.
const REST: Duration = Duration::from_secs(2);

struct Work {
    mappings: Mappings,
    mapping: Mapping,
    source: Source,
    filters: Vec<Pattern>,
    queues: Queues,
    id: QueueId,
    bounds: AtOnce,
    /// How many batches may be under way for now.
    at_once: AtomicU32,
}

struct Message {
    id: String,
    receipt: Receipt,
    event: String,
    trace_id: Option<String>,
}

/// Ends soon after `stop` turned true, when the batches under way are done.
pub(super) async fn work(
    mappings: Mappings,
    queues: Queues,
    id: QueueId,
    mapping: Mapping,
    mut stop: watch::Receiver<bool>,
) {
    let filters = mapping.settings.filters.iter().filter_map(|text| Pattern::parse(text).ok()).collect();
    let Ok(source) = Source::parse(&mapping.source_arn) else { return };
    let bounds = AtOnce::of(&mapping.settings);
    let at_once = AtomicU32::new(bounds.first);
    let work = Arc::new(Work { mappings, mapping, source, filters, queues, id, bounds, at_once });
    let mut batches = JoinSet::new();
    while !*stop.borrow() {
        while batches.len() >= work.at_once.load(Ordering::Relaxed).max(1) as usize {
            tokio::select! {
                _ = batches.join_next() => {}
                _ = stop.changed() => break,
            }
        }
        while batches.try_join_next().is_some() {}
        if *stop.borrow() {
            break;
        }
        let gathered = tokio::select! {
            gathered = work.gather() => gathered,
            // What was received by then comes again.
            _ = stop.wait_for(|stop| *stop) => break,
        };
        match gathered {
            Ok(batch) if batch.is_empty() => {}
            Ok(batch) => drop(batches.spawn(work.clone().hand_on(batch))),
            Err(error) => {
                work.tell(&format!("PROBLEM: {error}"));
                tokio::select! {
                    () = work.mappings.0.clock.sleep(REST) => {}
                    _ = stop.wait_for(|stop| *stop) => {}
                }
            }
        }
    }
    while batches.join_next().await.is_some() {}
}

impl Work {
    /// A batch, or nothing where no message came for a while. Messages that nobody wants are deleted.
    async fn gather(&self) -> Result<Vec<Message>, MappingError> {
        if let Some(why) = self.mappings.refusal(&self.mapping, &self.source).await? {
            return Err(MappingError::Invalid(why));
        }
        let settings = &self.mapping.settings;
        let (most, window) = (settings.batch_size as usize, Duration::from_secs(settings.window_s.into()));
        let (mut batch, mut bytes, mut begun) = (Vec::new(), 0, None);
        let clock = &self.mappings.0.clock;
        loop {
            let left = begun.map(|begun| window.saturating_sub(clock.since(begun)));
            let wait = match left {
                None => WAIT_SECONDS,
                Some(left) if left.is_zero() => return Ok(batch),
                Some(left) => u32::try_from(left.as_secs()).unwrap_or(WAIT_SECONDS).clamp(1, WAIT_SECONDS),
            };
            let ask = Receive {
                most: (most - batch.len()).min(RECEIVED_MAX),
                visibility_seconds: None,
                wait_seconds: Some(wait),
                attempt: None,
            };
            let received = self.queues.receive(&self.id, ask).await?;
            if received.is_empty() && batch.is_empty() {
                return Ok(batch);
            }
            let mut unwanted = Vec::new();
            for one in received {
                let handle = self.mappings.0.access.seal_token(Receipt::CONTEXT, &one.receipt.encode());
                let (id, receipt) = (one.id.clone(), one.receipt);
                if !event::is_wanted(&self.filters, &one) {
                    unwanted.push(receipt);
                    continue;
                }
                let trace_id = event::trace_id(&one);
                let event = event::of(&self.id, one, &handle).to_string();
                bytes += event.len() + 1;
                batch.push(Message { id, receipt, event, trace_id });
            }
            if !unwanted.is_empty() {
                self.delete(unwanted).await?;
            }
            // The next receive may bring ten of the largest.
            let is_full = batch.len() >= most || bytes + RECEIVED_MAX * LARGEST > PAYLOAD_BYTES_MAX;
            if !batch.is_empty() && (is_full || window.is_zero()) {
                return Ok(batch);
            }
            if !batch.is_empty() {
                begun.get_or_insert_with(|| clock.moment());
            }
        }
    }

    async fn hand_on(self: Arc<Self>, batch: Vec<Message>) {
        let mut parts = vec![batch];
        // Ten messages of 1 MiB are more than a function takes at once.
        while let Some(mut part) = parts.pop() {
            if part.len() > 1 && part.iter().map(|one| one.event.len() + 1).sum::<usize>() > PAYLOAD_BYTES_MAX
            {
                let second = part.split_off(part.len().div_ceil(2));
                parts.push(second);
                parts.push(part);
                continue;
            }
            if let Err(error) = self.hand_on_part(part).await {
                tracing::warn!(%error, mapping = self.mapping.uuid, "messages that are done come again");
            }
        }
    }

    async fn hand_on_part(&self, part: Vec<Message>) -> Result<(), MappingError> {
        let records: Vec<_> = part.iter().map(|one| (one.id.as_str(), one.event.as_str())).collect();
        // A batch is one run of the function: the chain that ran it most often is the one to be watched.
        let function = self.mapping.function();
        let runs = |trace: &&String| {
            function.as_ref().map_or(0, |(id, _)| functions::lineage::runs(Some(trace.as_str()), id))
        };
        let trace_id = part.iter().filter_map(|one| one.trace_id.as_ref()).max_by_key(runs).cloned();
        let done: Vec<Receipt> = match self.mappings.attempt(&self.mapping, &records, None, trace_id).await {
            Attempt::Done(_) => {
                self.tell("OK");
                self.grow();
                part.iter().map(|one| one.receipt).collect()
            }
            Attempt::SomeFailed(places, ..) => {
                self.tell("PROBLEM: Function call failed");
                let is_done = |place: &usize| places.binary_search(place).is_err();
                let all = part.iter().enumerate();
                all.filter(|(place, _)| is_done(place)).map(|(_, one)| one.receipt).collect()
            }
            Attempt::Failed(_) => {
                self.tell("PROBLEM: Function call failed");
                Vec::new()
            }
            Attempt::Unavailable(why) => {
                self.tell(&format!("PROBLEM: {why}"));
                let halved = |now| self.bounds.halved(now);
                let _ = self.at_once.fetch_update(Ordering::Relaxed, Ordering::Relaxed, halved);
                // The next batch would find no room either, and be received in vain.
                self.mappings.0.clock.sleep(REST).await;
                Vec::new()
            }
        };
        if done.is_empty() { Ok(()) } else { self.delete(done).await }
    }

    fn grow(&self) {
        let grown = |now| self.bounds.grown(now);
        let _ = self.at_once.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grown);
    }

    async fn delete(&self, receipts: Vec<Receipt>) -> Result<(), MappingError> {
        for answer in self.queues.delete_all(&self.id, receipts).await? {
            answer?;
        }
        Ok(())
    }

    fn tell(&self, result: &str) {
        self.mappings.tell_result(&self.mapping.uuid, result);
    }
}

/// Room that is left for each of the next messages. Should they be larger, the batch is handed over in parts.
const LARGEST: usize = queues::MESSAGE_BYTES_MAX / 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_at_once_grow_and_shrink_within_what_was_asked_for() {
        let usual = AtOnce { first: 5, least: 1, most: 1_000 };
        let bounds = Source::parse("arn:aws:sqs:us-east-1:000000000000:q").unwrap().bounds();
        let settings =
            |concurrency_max, pollers| Settings { concurrency_max, pollers, ..Settings::usual(bounds) };
        for (asked, expected) in [
            (settings(None, None), usual),
            (settings(Some(2), None), AtOnce { first: 2, least: 1, most: 2 }),
            (settings(Some(50), None), AtOnce { first: 5, least: 1, most: 50 }),
            (
                settings(None, Some(Pollers { least: 2, most: 200 })),
                AtOnce { first: 20, least: 20, most: 2_000 },
            ),
            (settings(None, Some(Pollers { least: 3, most: 3 })), AtOnce { first: 30, least: 30, most: 30 }),
        ] {
            let bounds = AtOnce::of(&asked);
            assert_eq!(bounds, expected);
            assert_eq!(bounds.grown(bounds.most), None);
            assert_eq!(bounds.halved(bounds.least), Some(bounds.least));
        }
        assert_eq!((usual.grown(5), usual.halved(5)), (Some(6), Some(2)));
    }
}

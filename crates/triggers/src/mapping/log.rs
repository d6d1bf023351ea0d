//! Sources that are read from a place on: each shard in order, each partition never by two batches at once.

mod batch;
mod discarded;

use super::attempt::Attempt;
use super::place::{self, Lane};
use super::{Mapping, MappingError, Mappings, Source, Start};
use crate::Pattern;
use batch::Batch;
use clock::{Moment, Timestamp};
use kv::{KvError, Transaction, Watch};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How a log is read. Numbers of records grow within a shard.
pub(super) trait Log: Clone + Send + Sync + 'static {
    fn shards(&self) -> impl Future<Output = Result<Vec<u32>, MappingError>> + Send;

    /// The first record's number of a reader that begins so.
    fn start(&self, shard: u32, start: Start) -> impl Future<Output = Result<u64, MappingError>> + Send;

    /// What there is from a number on.
    fn read(
        &self,
        shard: u32,
        from: u64,
        limit: usize,
    ) -> impl Future<Output = Result<LogPage, MappingError>> + Send;

    /// The shard, as the source calls it.
    fn shard_id(&self, shard: u32) -> impl Future<Output = Result<String, MappingError>> + Send;

    /// The member of a record of discarded records that says which they are, and the one in it of the source's ARN.
    const INFO: (&'static str, &'static str);

    /// Wakes when there is more.
    fn changes(&self) -> impl Future<Output = Result<Watch, MappingError>> + Send;
}

pub(super) struct LogPage {
    pub records: Vec<LogRecord>,
    /// Where to go on.
    pub next: u64,
}

#[derive(Debug, Clone)]
pub(super) struct LogRecord {
    pub number: u64,
    /// As the event says it.
    pub id: String,
    /// Records of one partition are in order.
    pub partition: u64,
    pub at: Timestamp,
    /// JSON.
    pub event: String,
}

/// Records that are read at once.
const READ_MAX: usize = 1_000;

/// Rests between attempts grow from the first to the last.
const REST_FIRST: Duration = Duration::from_millis(200);
const REST_LAST: Duration = Duration::from_secs(30);

/// The rest while the role may not read the source.
const REFUSED: Duration = Duration::from_secs(5);

struct Work<L> {
    mappings: Mappings,
    mapping: Mapping,
    source: Source,
    filters: Vec<Pattern>,
    log: L,
}

/// Ends soon after `stop` turned true.
pub(super) async fn work<L: Log>(
    mappings: Mappings,
    log: L,
    mapping: Mapping,
    mut stop: watch::Receiver<bool>,
) {
    let filters = mapping.settings.filters.iter().filter_map(|text| Pattern::parse(text).ok()).collect();
    let Ok(source) = Source::parse(&mapping.source_arn) else { return };
    let work = Arc::new(Work { mappings, mapping, source, filters, log });
    let lanes = loop {
        match work.divide().await {
            Ok(lanes) => break lanes,
            Err(error) => work.tell(&format!("PROBLEM: {error}")),
        }
        if work.rest(REST_LAST, &mut stop).await {
            return;
        }
    };
    let mut tasks = JoinSet::new();
    for (lane, next) in lanes {
        tasks.spawn(work.clone().read(lane, next, stop.clone()));
    }
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            tracing::error!(%error, mapping = work.mapping.uuid, "a part of an event source is not read any more");
        }
    }
}

impl<L: Log> Work<L> {
    /// The lanes of this mapping and where they go on. A change of their number sets all back to the earliest, in one
    /// transaction, so that none skips what another one had before it.
    async fn divide(&self) -> Result<Vec<(Lane, u64)>, MappingError> {
        let shards = self.log.shards().await?;
        let start = self.mapping.start.unwrap_or(Start::Oldest);
        let mut lanes = Vec::new();
        for shard in shards {
            let first = self.log.start(shard, start).await?;
            let (uuid, of) = (self.mapping.uuid.clone(), self.mapping.settings.parallelization.max(1));
            let divide = async move |tx: &mut Transaction| {
                let mut lanes = Vec::new();
                for number in 0..of {
                    let lane = Lane { shard, number, of };
                    let next = place::get(tx, &uuid, &lane).await?.unwrap_or(first);
                    lanes.push((lane, next));
                }
                place::forget_shard(tx, &uuid, shard).await?;
                for (lane, next) in &lanes {
                    place::put(tx, &uuid, lane, *next);
                }
                Ok::<_, KvError>(lanes)
            };
            lanes.extend(self.mappings.0.kv.transact(divide).await?);
        }
        Ok(lanes)
    }

    async fn read(self: Arc<Self>, lane: Lane, mut next: u64, mut stop: watch::Receiver<bool>) {
        let mut rest = REST_FIRST;
        while !*stop.borrow() {
            let before = next;
            match self.read_on(&lane, &mut next, &mut stop).await {
                Ok(()) => rest = REST_FIRST,
                Err(error) => {
                    // What is not known to be done is read again.
                    next = before;
                    self.tell(&format!("PROBLEM: {error}"));
                    if self.rest(rest, &mut stop).await {
                        return;
                    }
                    rest = (rest * 2).min(REST_LAST);
                }
            }
        }
    }

    /// One batch, or until there is more.
    async fn read_on(
        &self,
        lane: &Lane,
        next: &mut u64,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<(), MappingError> {
        let mut changes = self.log.changes().await?;
        if let Some(why) = self.mappings.refusal(&self.mapping, &self.source).await? {
            self.tell(&format!("PROBLEM: {why}"));
            self.rest(REFUSED, stop).await;
            return Ok(());
        }
        let kept = *next;
        let batch = self.gather(lane, next, &mut changes, stop).await?;
        if !batch.records.is_empty() {
            return self.hand_on(lane, batch, *next, stop).await;
        }
        // What nobody wanted is done too.
        if *next != kept {
            self.keep(lane, *next).await?;
        }
        tokio::select! {
            () = changes.changed() => {}
            _ = stop.changed() => {}
        }
        Ok(())
    }

    /// Reads until a batch is full or has waited long enough, and moves `next` behind what it took.
    async fn gather(
        &self,
        lane: &Lane,
        next: &mut u64,
        changes: &mut Watch,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<Batch, MappingError> {
        let settings = &self.mapping.settings;
        let mut batch = Batch::default();
        let window = Duration::from_secs(u64::from(settings.window_s));
        let mut begun: Option<Moment> = None;
        loop {
            let page = self.log.read(lane.shard, *next, READ_MAX).await?;
            let has_moved = page.next != *next;
            for record in page.records {
                if self.is_wanted(lane, &record) {
                    if !batch.has_room(record.event.len(), settings.batch_size) {
                        return Ok(batch);
                    }
                    *next = record.number.saturating_add(1);
                    batch.push(record);
                } else {
                    *next = record.number.saturating_add(1);
                }
            }
            if batch.records.len() >= settings.batch_size as usize || *stop.borrow() {
                return Ok(batch);
            }
            if has_moved {
                *next = (*next).max(page.next);
                continue;
            }
            if batch.records.is_empty() {
                return Ok(batch);
            }
            let clock = &self.mappings.0.clock;
            let begun = *begun.get_or_insert_with(|| clock.moment());
            let left = window.saturating_sub(clock.since(begun));
            if left.is_zero() {
                return Ok(batch);
            }
            tokio::select! {
                () = changes.changed() => {}
                () = clock.sleep(left) => {}
                _ = stop.changed() => {}
            }
        }
    }

    fn is_wanted(&self, lane: &Lane, record: &LogRecord) -> bool {
        if record.partition % u64::from(lane.of) != u64::from(lane.number) {
            return false;
        }
        if self.filters.is_empty() {
            return true;
        }
        let event = serde_json::from_str(&record.event);
        event.is_ok_and(|event| self.filters.iter().any(|filter| filter.matches(&event)))
    }

    /// Hands a batch to the function until it, or each of its parts, is done or given up. `after`: where the lane goes
    /// on behind it.
    async fn hand_on(
        &self,
        lane: &Lane,
        batch: Batch,
        after: u64,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<(), MappingError> {
        let settings = &self.mapping.settings;
        let mut parts = VecDeque::from([batch]);
        let mut rest = REST_FIRST;
        while let Some(mut part) = parts.pop_front() {
            let behind = |parts: &VecDeque<Batch>| {
                parts.front().and_then(|next| next.records.first()).map_or(after, |first| first.number)
            };
            if let Some(age) = settings.record_age_max_s {
                let given_up = part.take_older(self.mappings.0.clock.now(), age);
                if !given_up.is_empty() {
                    self.discard(lane, &given_up, &part, discarded::TOO_OLD).await?;
                    self.keep(lane, part.records.first().map_or(behind(&parts), |first| first.number))
                        .await?;
                }
                if part.records.is_empty() {
                    continue;
                }
            }
            match self.mappings.attempt(&self.mapping, &part.as_event(), None).await {
                Attempt::Done => {
                    self.tell("OK");
                    rest = REST_FIRST;
                    self.keep(lane, behind(&parts)).await?;
                    continue;
                }
                Attempt::SomeFailed(places, failure) => {
                    // Everything before the first that failed is done.
                    let done = places.first().copied().unwrap_or(0);
                    part.forget_first(done);
                    self.tell("PROBLEM: Function call failed");
                    if let Some(first) = part.records.first() {
                        self.keep(lane, first.number).await?;
                    }
                    part.attempts = part.attempts.saturating_add(1);
                    part.failure = Some(failure);
                }
                Attempt::Failed(failure) => {
                    self.tell("PROBLEM: Function call failed");
                    part.failure = Some(failure);
                    if settings.bisects && part.records.len() > 1 {
                        let second = part.split();
                        parts.push_front(second);
                    } else {
                        part.attempts = part.attempts.saturating_add(1);
                    }
                }
                Attempt::Unavailable(why) => self.tell(&format!("PROBLEM: {why}")),
            }
            if settings.retries_max.is_some_and(|most| part.attempts > most) {
                self.discard(lane, &part.records, &part, discarded::TRIED_ENOUGH).await?;
                self.keep(lane, behind(&parts)).await?;
                continue;
            }
            parts.push_front(part);
            if self.rest(rest, stop).await {
                return Ok(());
            }
            rest = (rest * 2).min(REST_LAST);
        }
        Ok(())
    }

    /// From now on the lane goes on there, also after a restart.
    async fn keep(&self, lane: &Lane, next: u64) -> Result<(), MappingError> {
        let (uuid, lane) = (self.mapping.uuid.clone(), lane.clone());
        let keep = async move |tx: &mut Transaction| {
            // Not of a mapping that was deleted meanwhile.
            if place::get(tx, &uuid, &lane).await?.is_some() {
                place::put(tx, &uuid, &lane, next);
            }
            Ok::<_, KvError>(())
        };
        Ok(self.mappings.0.kv.transact(keep).await?)
    }

    /// True when it is to stop.
    async fn rest(&self, rest: Duration, stop: &mut watch::Receiver<bool>) -> bool {
        tokio::select! {
            () = self.mappings.0.clock.sleep(rest) => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
        *stop.borrow()
    }

    fn tell(&self, result: &str) {
        self.mappings.tell_result(&self.mapping.uuid, result);
    }
}

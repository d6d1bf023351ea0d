//! Sources that are read from a place on: each shard in order, each partition never by two batches at once.

mod batch;
mod discarded;
mod hand_on;
mod read;

use super::place::{self, Lane, Place};
use super::{Mapping, MappingError, Mappings, Source, Start};
use crate::Pattern;
use clock::Timestamp;
use kv::{KvError, Transaction, Watch};
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

/// Rests between attempts grow from the first to the last.
const REST_FIRST: Duration = Duration::from_millis(200);
const REST_LAST: Duration = Duration::from_secs(30);

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
    for (lane, place) in lanes {
        tasks.spawn(work.clone().read(lane, place, stop.clone()));
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
    async fn divide(&self) -> Result<Vec<(Lane, Place)>, MappingError> {
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
                    let place = place::get(tx, &uuid, &lane).await?.unwrap_or_else(|| Place::at(first));
                    lanes.push((lane, place));
                }
                place::forget_shard(tx, &uuid, shard).await?;
                for (lane, place) in &lanes {
                    place::put(tx, &uuid, lane, place);
                }
                Ok::<_, KvError>(lanes)
            };
            lanes.extend(self.mappings.0.kv.transact(divide).await?);
        }
        Ok(lanes)
    }

    /// From now on the lane goes on there, also after a restart.
    async fn keep(&self, lane: &Lane, place: &Place) -> Result<(), MappingError> {
        let (uuid, lane, place) = (self.mapping.uuid.clone(), lane.clone(), place.clone());
        let keep = async move |tx: &mut Transaction| {
            // Not of a mapping that was deleted meanwhile.
            if place::get(tx, &uuid, &lane).await?.is_some() {
                place::put(tx, &uuid, &lane, &place);
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

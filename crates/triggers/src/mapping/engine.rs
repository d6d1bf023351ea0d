//! Has a worker at each mapping that is enabled.

use super::log::{self, Log};
use super::table_stream::TableStream;
use super::{Mapping, MappingError, Mappings, Source, Start, index, queue};
use kv::{KvError, Read, Snapshot};
use names::{Key, Keyspace};
use std::collections::HashMap;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// The rest after the store failed.
const REST: Duration = Duration::from_secs(1);

/// Read at once.
const PAGE: usize = 500;

struct Worker {
    revision: u64,
    /// Turns true when it is to end behind its batch.
    stop: watch::Sender<bool>,
}

pub(super) async fn run(mappings: Mappings, mut stop: watch::Receiver<bool>) {
    // Made before the first look, so that no change is missed.
    let mut changes = mappings.0.kv.watch(Key::new(Keyspace::EventSourceMapping).as_bytes());
    let mut running: HashMap<String, Worker> = HashMap::new();
    let mut tasks: JoinSet<String> = JoinSet::new();
    if let Err(error) = index::enter_all(&mappings.0.kv).await {
        tracing::error!(%error, "the index of event source mappings may lack some");
    }
    while !*stop.borrow_and_update() {
        let wanted = match enabled(&mappings).await {
            Ok(wanted) => wanted,
            Err(error) => {
                tracing::error!(%error, "event source mappings cannot be read");
                mappings.0.clock.sleep(REST).await;
                continue;
            }
        };
        for (uuid, worker) in &running {
            if wanted.get(uuid).is_none_or(|mapping| mapping.revision != worker.revision) {
                worker.stop.send_replace(true);
            }
        }
        for (uuid, mapping) in wanted {
            // One that is to change ends first: two would both hand on the same.
            if !running.contains_key(&uuid) {
                let (tell, told) = watch::channel(false);
                running.insert(uuid.clone(), Worker { revision: mapping.revision, stop: tell });
                tasks.spawn(work(mappings.clone(), mapping, told));
            }
        }
        tokio::select! {
            () = changes.changed() => {}
            Some(ended) = tasks.join_next() => match ended {
                Ok(uuid) => drop(running.remove(&uuid)),
                Err(error) => {
                    tracing::error!(%error, "an event source mapping's worker ended early");
                    running.retain(|_, worker| !worker.stop.is_closed());
                    mappings.0.clock.sleep(REST).await;
                }
            },
            // An error means that nobody can stop us any more: go on until dropped.
            Ok(()) = stop.changed() => {}
        }
    }
    // Batches under way are ended: who runs them has a deadline.
    for worker in running.values() {
        worker.stop.send_replace(true);
    }
    while tasks.join_next().await.is_some() {}
}

async fn enabled(mappings: &Mappings) -> Result<HashMap<String, Mapping>, KvError> {
    let mut wanted = HashMap::new();
    let mut range = Key::new(Keyspace::EventSourceMapping).range();
    loop {
        let part = range.clone();
        let entries = mappings.0.kv.read(async move |from: &Snapshot| from.range(&part, PAGE).await).await?;
        for (_, bytes) in &entries {
            match kv::record::decode::<Mapping>(bytes) {
                Ok(mapping) if mapping.is_enabled => drop(wanted.insert(mapping.uuid.clone(), mapping)),
                Ok(_) => {}
                Err(error) => tracing::error!(%error, "an event source mapping cannot be read"),
            }
        }
        match entries.last() {
            Some((last, _)) if entries.len() == PAGE => range.start = [last, &[0][..]].concat(),
            _ => return Ok(wanted),
        }
    }
}

async fn work(mappings: Mappings, mapping: Mapping, stop: watch::Receiver<bool>) -> String {
    let uuid = mapping.uuid.clone();
    match Source::parse(&mapping.source_arn) {
        Ok(Source::TableStream(id)) => {
            let stream = TableStream { tables: mappings.0.tables.clone(), id };
            log::work(mappings, stream, mapping, stop).await;
        }
        Ok(Source::Queue(id)) => {
            let queues = mappings.0.queues.clone();
            queue::work(mappings, queues, id, mapping, stop).await;
        }
        Err(error) => tracing::error!(%error, uuid, "an event source mapping has no source"),
    }
    uuid
}

impl Mappings {
    /// Where each shard of a log is read from at first.
    pub(super) async fn places(
        &self,
        source: &Source,
        start: Start,
    ) -> Result<Vec<(u32, u64)>, MappingError> {
        match source {
            Source::TableStream(id) => {
                let stream = TableStream { tables: self.0.tables.clone(), id: id.clone() };
                let mut places = Vec::new();
                for shard in stream.shards().await? {
                    places.push((shard, stream.start(shard, start).await?));
                }
                Ok(places)
            }
            // It remembers by itself what was done.
            Source::Queue(_) => Ok(Vec::new()),
        }
    }
}

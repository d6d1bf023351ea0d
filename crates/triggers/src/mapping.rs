//! Event source mappings: a source is read on behalf of a function, which is handed what is there in batches
//! (<https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html>).
//!
//! A source is read in one of two ways, whatever it is: as a log, from a place on that moves when a batch is done
//! (`log`), or as a queue, which hands out single messages that are deleted when they are done. A further source of a
//! kind is one file that says how it is read, and a line in [`Source`].

mod answer;
mod attempt;
mod check;
mod destination;
mod engine;
mod error;
mod index;
mod log;
mod place;
mod queue;
mod record;
mod rights;
mod source;
mod store;
mod table_stream;
mod tags;
mod window;

pub use error::MappingError;
pub use index::{MappingsOf, Page};
pub use record::{FILTERS_MAX, Mapping, MappingId, Pollers, Settings, Start};
pub use source::{Bounds, Source};
pub use store::{Change, NewMapping};

use crate::Peers;
use crate::role_rights::RoleRights;
use ::topics::Topics;
use access::Access;
use clock::Clock;
use functions::Functions;
use kv::Kv;
use objects::Objects;
use queues::Queues;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tables::Tables;
use tokio::sync::watch;

/// Mappings of all accounts. Cheap to clone.
#[derive(Clone)]
pub struct Mappings(Arc<Inner>);

struct Inner {
    kv: Kv,
    clock: Clock,
    access: Access,
    functions: Functions,
    tables: Tables,
    queues: Queues,
    objects: Objects,
    topics: Topics,
    rights: RoleRights,
    /// What came of each mapping's last batch, since the start.
    results: Mutex<HashMap<String, String>>,
}

impl Mappings {
    pub fn new(kv: Kv, clock: Clock, access: Access, peers: Peers) -> Self {
        let results = Mutex::default();
        let rights = RoleRights::new(clock.clone(), access.clone(), &peers);
        let Peers { functions, objects, tables, queues, topics } = peers;
        Mappings(Arc::new(Inner {
            kv,
            clock,
            access,
            functions,
            tables,
            queues,
            objects,
            topics,
            rights,
            results,
        }))
    }

    /// Reads sources until `stop` turns true. Run exactly one per store.
    ///
    /// May be dropped at any time: what a function was handed and has not answered by then, it is handed again.
    pub async fn run(self, stop: watch::Receiver<bool>) {
        engine::run(self, stop).await;
    }

    /// What came of the mapping's last batch.
    pub fn last_result(&self, id: &str) -> String {
        self.results().get(id).cloned().unwrap_or_else(|| "No records processed".to_owned())
    }

    fn tell_result(&self, id: &str, result: &str) {
        let mut results = self.results();
        if results.get(id).is_none_or(|before| before != result) {
            results.insert(id.to_owned(), result.to_owned());
        }
    }

    fn results(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.0.results.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

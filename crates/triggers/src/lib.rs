//! The only sideways room: reads the logs of what happened and hands on what somebody asked to be told.
//!
//! Nobody calls their listeners. A service appends to its own log inside the transaction that changed it;
//! here each entry becomes events for functions, in one transaction that also forgets the entry and moves
//! the cursor. So each entry is handed over exactly once, and what is handed over is delivered at least
//! once by `functions`.
//!
//! Topics hand their messages over in the same way: [`TopicDeliveries`].
//!
//! Here too items of tables become objects of buckets, and the other way round: [`TableTransfers`].

mod cursor;
mod destinations;
mod mapping;
mod object_changes;
mod object_event;
mod pattern;
mod peers;
mod role_rights;
mod table_transfers;
mod told_object;
mod topics;

pub use destinations::{Destinations, On};
pub use mapping::{
    Bounds, Change, FILTERS_MAX, Mapping, MappingError, MappingId, Mappings, MappingsOf, NewMapping, Page,
    Pollers, Settings, Source, Start,
};
pub use object_changes::{bucket_may_publish, bucket_may_send};
pub use pattern::{InvalidPattern, Pattern};
pub use peers::Peers;
pub use table_transfers::TableTransfers;
pub use topics::TopicDeliveries;

use ::topics::Topics;
use clock::Clock;
use functions::EventBounds;
use kv::Kv;
use queues::Queues;
use tokio::sync::watch;

#[derive(Clone)]
pub struct Triggers {
    kv: Kv,
    clock: Clock,
    bounds: EventBounds,
    queues: Queues,
    topics: Topics,
}

impl Triggers {
    /// `bounds` are those of the functions service. What finds no room is held back and handed on later.
    pub fn new(kv: Kv, clock: Clock, bounds: EventBounds, queues: Queues, topics: Topics) -> Self {
        Triggers { kv, clock, bounds, queues, topics }
    }

    /// Hands on changes until `stop` turns true. Run exactly one per store.
    ///
    /// May be dropped at any time: what was not handed over by then is, at the next start.
    pub async fn run(self, stop: watch::Receiver<bool>) {
        object_changes::run(self, stop).await;
    }
}

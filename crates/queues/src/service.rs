//! The service: queues and their messages in the store.

mod create_queue;
mod dead_letter;
mod delete_message;
mod delete_queue;
mod known;
mod list_queues;
mod message_move;
mod once;
mod permissions;
mod place_message;
mod purge_queue;
mod queue_attributes;
mod receive_message;
mod remove_message;
mod send_message;
mod settle;
mod sweep;
mod tags;
mod visibility;
mod wait;
mod work;

pub use delete_message::Receipt;
pub use list_queues::Page;
pub use message_move::{MoveRecord, MoveState, StartMove};
pub use queue_attributes::QueueInfo;
pub use receive_message::{IN_FLIGHT_MAX, RECEIVED_MAX, Receive, Received};
pub use send_message::{Outgoing, Sent};
pub use tags::TAGS_MAX;
pub use wait::WAITING_MAX;

use clock::Clock;
use known::Known;
use kv::Kv;
use std::sync::Arc;
use wait::Waiters;

/// Cheap to clone.
#[derive(Clone)]
pub struct Queues {
    pub(crate) kv: Kv,
    pub(crate) clock: Clock,
    known: Arc<Known>,
    waiters: Arc<Waiters>,
}

impl Queues {
    pub fn new(kv: Kv, clock: Clock) -> Self {
        Queues { kv, clock, known: Arc::default(), waiters: Arc::default() }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.clock.now().as_ms()).unwrap_or_default()
    }
}

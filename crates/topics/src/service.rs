//! The service: topics, their subscriptions and messages in the store.

mod create_topic;
mod delete_topic;
mod hand_over;
mod known;
mod line;
mod list_subscriptions;
mod list_topics;
mod once;
mod permissions;
mod publish;
mod subscribe;
mod subscription_attributes;
mod sweep;
mod tags;
mod topic_attributes;
mod unsubscribe;

pub use hand_over::Wanted;
pub use line::Held;
pub use list_subscriptions::SubscriptionPage;
pub use list_topics::Page;
pub use publish::Published;
pub use subscribe::{Subscribe, Subscribed};
pub use tags::TAGS_MAX;
pub use topic_attributes::TopicInfo;

use clock::Clock;
use known::Known;
use kv::{Kv, Watch};
use std::sync::Arc;

/// Cheap to clone.
#[derive(Clone)]
pub struct Topics {
    kv: Kv,
    clock: Clock,
    known: Arc<Known>,
}

impl Topics {
    pub fn new(kv: Kv, clock: Clock) -> Self {
        Topics { kv, clock, known: Arc::default() }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.clock.now().as_ms()).unwrap_or_default()
    }

    /// Tells when something was published to a topic where nothing waited.
    pub fn work(&self) -> Watch {
        self.kv.watch(crate::keys::all_work().as_bytes())
    }
}

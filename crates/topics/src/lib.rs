//! Topics, their subscriptions, and messages on their way. Knows no HTTP.
//!
//! Publishing writes a message once, into its topic's log; whoever is subscribed does not make it dearer. A reader (in
//! `triggers`) takes messages in order and hands each to the subscriptions that want it, in the transaction that
//! forgets it; a message with more subscriptions than fit into one transaction is handed over in steps, and the topic
//! keeps how far it is. What cannot be handed over at once waits in the line of its subscription.
//!
//! Invariant: a message that was acknowledged is in its topic's log, or in the line of a subscription, until it was
//! delivered, given up, or its topic deleted.

mod attribute;
mod count;
mod error;
mod filter;
mod keys;
mod message;
mod notification;
mod redrive;
mod service;
mod settings;
mod subscription;
mod subscription_settings;
mod topic;

pub use attribute::{Attribute, AttributeValue, Attributes};
pub use error::TopicsError;
pub use filter::{Filter, Scope, Seen};
pub use message::{MESSAGE_BYTES_MAX, Message, Outgoing};
pub use notification::notification;
pub use service::{
    Held, Page, Published, Subscribe, Subscribed, SubscriptionPage, TAGS_MAX, TopicInfo, Topics, Wanted,
};
pub use subscription::{Protocol, Subscription, SubscriptionId, SubscriptionRecord};
pub use topic::{TopicId, TopicName, TopicRecord};

//! Where everything of topics lies in the store. Times are milliseconds.
//!
//! ```text
//! Topic             account region name                       -> record
//! TopicNumber                                                 -> the last number given out
//! TopicCount        topic                                     -> counts
//! TopicTotal        account region                            -> how many topics
//! Subscription      topic id                                  -> record
//! SubscriptionEnd   topic protocol endpoint                   -> the subscription's id
//! Subscriber        account region topic's account name id    -> the topic's number
//! TopicMessage      topic sequence                            -> message
//! TopicWork         topic                                     -> how far its first message is handed over
//! TopicOnce         topic group id                            -> what it was used for
//! TopicOnceEnd      time (key of the id)                      -> nothing
//! TopicGone         topic                                     -> nothing
//! TopicLine         topic subscription sequence               -> what waits, with its message
//! TopicLineDue      due topic subscription sequence           -> nothing
//! ```

use crate::{Protocol, SubscriptionId, TopicId};
use names::{AccountId, Key, Keyspace, Region};

pub(crate) fn topic(id: &TopicId) -> Key {
    topics(&id.account, &id.region).text(id.name.as_str())
}

/// Of an account in a region, by name.
pub(crate) fn topics(account: &AccountId, region: &Region) -> Key {
    Key::new(Keyspace::Topic).text(account.as_str()).text(region.as_str())
}

pub(crate) fn last_number() -> Key {
    Key::new(Keyspace::TopicNumber)
}

pub(crate) fn count(topic: u64) -> Key {
    Key::new(Keyspace::TopicCount).number(topic)
}

pub(crate) fn total(account: &AccountId, region: &Region) -> Key {
    Key::new(Keyspace::TopicTotal).text(account.as_str()).text(region.as_str())
}

pub(crate) fn subscriptions(topic: u64) -> Key {
    Key::new(Keyspace::Subscription).number(topic)
}

pub(crate) fn subscription(topic: u64, id: &str) -> Key {
    subscriptions(topic).text(id)
}

pub(crate) fn ends(topic: u64) -> Key {
    Key::new(Keyspace::SubscriptionEnd).number(topic)
}

pub(crate) fn end(topic: u64, protocol: Protocol, endpoint: &str) -> Key {
    ends(topic).text(protocol.as_str()).text(endpoint)
}

/// Of an account in a region.
pub(crate) fn subscribers(owner: &AccountId, region: &Region) -> Key {
    Key::new(Keyspace::Subscriber).text(owner.as_str()).text(region.as_str())
}

pub(crate) fn subscriber(owner: &AccountId, id: &SubscriptionId) -> Key {
    subscribers(owner, &id.topic.region)
        .text(id.topic.account.as_str())
        .text(id.topic.name.as_str())
        .text(&id.id)
}

pub(crate) fn messages(topic: u64) -> Key {
    Key::new(Keyspace::TopicMessage).number(topic)
}

pub(crate) fn message(topic: u64, sequence: u64) -> Key {
    messages(topic).number(sequence)
}

pub(crate) fn all_work() -> Key {
    Key::new(Keyspace::TopicWork)
}

pub(crate) fn work(topic: u64) -> Key {
    all_work().number(topic)
}

pub(crate) fn all_once(topic: u64) -> Key {
    Key::new(Keyspace::TopicOnce).number(topic)
}

pub(crate) fn once(topic: u64, group: &str, id: &str) -> Key {
    all_once(topic).text(group).text(id)
}

pub(crate) fn once_ends() -> Key {
    Key::new(Keyspace::TopicOnceEnd)
}

pub(crate) fn once_end(at: u64, of: &Key) -> Key {
    once_ends().number(at).bytes(of.as_bytes())
}

pub(crate) fn all_gone() -> Key {
    Key::new(Keyspace::TopicGone)
}

pub(crate) fn gone(topic: u64) -> Key {
    all_gone().number(topic)
}

pub(crate) fn lines(topic: u64) -> Key {
    Key::new(Keyspace::TopicLine).number(topic)
}

pub(crate) fn in_line(topic: u64, subscription: &str, sequence: u64) -> Key {
    lines(topic).text(subscription).number(sequence)
}

pub(crate) fn all_due() -> Key {
    Key::new(Keyspace::TopicLineDue)
}

pub(crate) fn due(at: u64, topic: u64, subscription: &str, sequence: u64) -> Key {
    all_due().number(at).number(topic).text(subscription).number(sequence)
}

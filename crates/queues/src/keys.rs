//! Where everything of queues lies in the store. Times are milliseconds.
//!
//! ```text
//! Queue         account region name                    -> record
//! QueueMessage  queue sent sequence                    -> message
//! QueueBody     queue sent sequence                    -> a long body
//! QueueReady    queue lane order sequence              -> standard: sent; FIFO: the group
//! QueueWaiting  queue due sequence                     -> what comes due
//! QueueCount    queue                                  -> counts
//! QueueGroup    queue group                            -> standard: its last order; FIFO: what is in flight
//! QueueLine     queue group sequence                   -> sent, available
//! QueueOnce     queue kind group id                    -> what it was used for
//! QueueOnceEnd  time (key of the id)                   -> nothing
//! QueueGone     queue                                  -> nothing
//! QueueDeleted  account region name                    -> when
//! QueueSource   account region dead-letter-queue queue -> nothing
//! QueueArrival  queue                                  -> nothing
//! QueueMove     1 account region name began id         -> record
//! QueueMove     2 account region name began id         -> nothing
//! ```

use crate::QueueId;
use names::{AccountId, Key, Keyspace, Region};

/// The lane of messages that were received before, and of a FIFO queue's groups.
pub(crate) const RETURNED: u64 = 0;
/// The lane of messages that nobody received yet.
pub(crate) const FRESH: u64 = 1;

/// How a message is found: when it was sent, and its sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub sent: u64,
    pub sequence: u64,
}

pub(crate) fn queue(id: &QueueId) -> Key {
    queues(&id.account, &id.region).text(id.name.as_str())
}

/// Of an account in a region, by name.
pub(crate) fn queues(account: &AccountId, region: &Region) -> Key {
    Key::new(Keyspace::Queue).text(account.as_str()).text(region.as_str())
}

pub(crate) fn every_queue() -> Key {
    Key::new(Keyspace::Queue)
}

pub(crate) fn last_number() -> Key {
    Key::new(Keyspace::QueueNumber)
}

pub(crate) fn messages(queue: u64) -> Key {
    Key::new(Keyspace::QueueMessage).number(queue)
}

pub(crate) fn message(queue: u64, place: Place) -> Key {
    messages(queue).number(place.sent).number(place.sequence)
}

pub(crate) fn bodies(queue: u64) -> Key {
    Key::new(Keyspace::QueueBody).number(queue)
}

pub(crate) fn body(queue: u64, place: Place) -> Key {
    bodies(queue).number(place.sent).number(place.sequence)
}

pub(crate) fn all_ready(queue: u64) -> Key {
    Key::new(Keyspace::QueueReady).number(queue)
}

pub(crate) fn lane(queue: u64, lane: u64) -> Key {
    all_ready(queue).number(lane)
}

pub(crate) fn ready(queue: u64, of: u64, order: u64, sequence: u64) -> Key {
    lane(queue, of).number(order).number(sequence)
}

pub(crate) fn all_waiting(queue: u64) -> Key {
    Key::new(Keyspace::QueueWaiting).number(queue)
}

pub(crate) fn waiting(queue: u64, due: u64, sequence: u64) -> Key {
    all_waiting(queue).number(due).number(sequence)
}

pub(crate) fn count(queue: u64) -> Key {
    Key::new(Keyspace::QueueCount).number(queue)
}

pub(crate) fn groups(queue: u64) -> Key {
    Key::new(Keyspace::QueueGroup).number(queue)
}

pub(crate) fn group(queue: u64, name: &str) -> Key {
    groups(queue).text(name)
}

pub(crate) fn lines(queue: u64) -> Key {
    Key::new(Keyspace::QueueLine).number(queue)
}

pub(crate) fn line(queue: u64, group: &str) -> Key {
    lines(queue).text(group)
}

pub(crate) fn in_line(queue: u64, group: &str, sequence: u64) -> Key {
    line(queue, group).number(sequence)
}

pub(crate) fn all_once(queue: u64) -> Key {
    Key::new(Keyspace::QueueOnce).number(queue)
}

/// What a sent message's deduplication id stands for; `group` where ids are told apart by groups.
pub(crate) fn sent_once(queue: u64, group: &str, id: &str) -> Key {
    all_once(queue).number(0).text(group).text(id)
}

/// What an attempt to receive stands for.
pub(crate) fn attempt(queue: u64, id: &str) -> Key {
    all_once(queue).number(1).text("").text(id)
}

pub(crate) fn once_ends() -> Key {
    Key::new(Keyspace::QueueOnceEnd)
}

pub(crate) fn once_end(at: u64, of: &Key) -> Key {
    once_ends().number(at).bytes(of)
}

pub(crate) fn all_gone() -> Key {
    Key::new(Keyspace::QueueGone)
}

pub(crate) fn gone(queue: u64) -> Key {
    all_gone().number(queue)
}

pub(crate) fn all_deleted() -> Key {
    Key::new(Keyspace::QueueDeleted)
}

pub(crate) fn deleted(id: &QueueId) -> Key {
    all_deleted().text(id.account.as_str()).text(id.region.as_str()).text(id.name.as_str())
}

/// The queues that `dead_letters` serves.
pub(crate) fn sources(dead_letters: &QueueId) -> Key {
    let QueueId { account, region, name } = dead_letters;
    Key::new(Keyspace::QueueSource).text(account.as_str()).text(region.as_str()).text(name.as_str())
}

/// Both are of one account and region.
pub(crate) fn source(dead_letters: &QueueId, of: &QueueId) -> Key {
    sources(dead_letters).text(of.name.as_str())
}

pub(crate) fn arrival(identity: u64) -> Key {
    Key::new(Keyspace::QueueArrival).number(identity)
}

pub(crate) fn moves(source: &QueueId) -> Key {
    let QueueId { account, region, name } = source;
    Key::new(Keyspace::QueueMove).number(1).text(account.as_str()).text(region.as_str()).text(name.as_str())
}

pub(crate) fn all_moving() -> Key {
    Key::new(Keyspace::QueueMove).number(2)
}

pub(crate) fn moving(source: &QueueId, began: u64, id: &str) -> Key {
    let QueueId { account, region, name } = source;
    let of = all_moving().text(account.as_str()).text(region.as_str()).text(name.as_str());
    of.number(began).text(id)
}

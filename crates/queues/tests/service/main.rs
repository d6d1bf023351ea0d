//! Queues through the crate's own door, on a clock that stands still until it is told.

mod dead_letters;
mod fair;
mod fifo;
mod model;
mod moves;
mod queues;
mod waiting;

use clock::{Clock, Timestamp};
use kv::{Kv, SqliteOptions};
use names::{AccountId, Region};
use queues_crate::{Outgoing, QueueId, QueueName, Queues, QueuesError, Receive, Received, Sent};
use std::collections::BTreeMap;
use std::time::Duration;

use ::queues as queues_crate;

pub struct House {
    pub queues: Queues,
    pub clock: Clock,
    // Removed when the test ends.
    _directory: Option<tempfile::TempDir>,
}

impl House {
    pub fn memory() -> House {
        let clock = Clock::simulated(Timestamp::from_seconds(1_700_000_000), 1);
        House { queues: Queues::new(Kv::memory(), clock.clone()), clock, _directory: None }
    }

    pub fn sqlite() -> House {
        let clock = Clock::simulated(Timestamp::from_seconds(1_700_000_000), 1);
        let directory = tempfile::tempdir().unwrap();
        let kv = Kv::open(SqliteOptions::new(directory.path().join("store")), clock.clone()).unwrap();
        House { queues: Queues::new(kv, clock.clone()), clock, _directory: Some(directory) }
    }

    pub async fn queue(&self, name: &str, attributes: &[(&str, &str)]) -> QueueId {
        let id = id(name);
        let mut attributes: BTreeMap<String, String> =
            attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        if name.ends_with(".fifo") {
            attributes.insert("FifoQueue".to_owned(), "true".to_owned());
        }
        self.queues.create_queue(id.clone(), attributes, BTreeMap::new()).await.unwrap();
        id
    }

    pub async fn send(&self, id: &QueueId, body: &str) -> Sent {
        self.queues.send(id, message(body)).await.unwrap()
    }

    pub async fn send_to(&self, id: &QueueId, group: &str, body: &str) -> Sent {
        let deduplication = id.name.is_fifo().then(|| body.to_owned());
        let group = Some(group.to_owned());
        self.queues.send(id, Outgoing { group, deduplication, ..message(body) }).await.unwrap()
    }

    pub async fn receive(&self, id: &QueueId, most: usize) -> Vec<Received> {
        self.queues.receive(id, asking(most)).await.unwrap()
    }

    pub async fn bodies(&self, id: &QueueId, most: usize) -> Vec<String> {
        self.receive(id, most).await.iter().map(body).collect()
    }

    pub async fn count(&self, id: &QueueId) -> (u64, u64, u64) {
        let count = self.queues.queue_info(id.clone()).await.unwrap().count;
        (count.visible, count.delayed, count.in_flight)
    }

    pub fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

pub fn id(name: &str) -> QueueId {
    QueueId {
        account: AccountId::root(),
        region: Region::default_region(),
        name: QueueName::parse(name).unwrap(),
    }
}

pub fn message(body: &str) -> Outgoing {
    Outgoing { body: body.to_owned(), sender: "me".to_owned(), ..Outgoing::default() }
}

pub fn asking(most: usize) -> Receive {
    Receive { most, visibility_seconds: None, wait_seconds: None, attempt: None }
}

pub fn body(received: &Received) -> String {
    String::from_utf8(received.body.to_vec()).unwrap()
}

pub fn code(error: &QueuesError) -> String {
    let text = format!("{error:?}");
    text.split(['(', ' ']).next().unwrap_or_default().to_owned()
}

//! The Lambda Telemetry API, version 2022-07-01, and its predecessor, the Logs API 2020-08-15: extensions
//! are sent what the platform tells and what processes write
//! (<https://docs.aws.amazon.com/lambda/latest/dg/telemetry-api.html>).
//!
//! ```text
//! platform events ─┐            ┌─ queue of a subscriber ── its task ── POST into the sandbox
//! lines of code   ─┼─ Telemetry ┤
//! … of extensions ─┘            └─ …
//! ```
//!
//! What comes before anybody could subscribe is kept until the initialisation ends. Everything is bounded:
//! a subscriber that does not keep up loses what is newest, and is told how much.

mod deliver;
mod queue;
mod send;
mod subscription;

pub(crate) use subscription::{Rejected, Subscription, parse_logs, parse_telemetry};

use crate::report::{self, Event, SubscriptionApi};
use clock::{Clock, Timestamp};
use queue::Queue;
use serde_json::Value;
use std::future::Future;
use std::io;
use std::net::TcpStream;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use subscription::Stream;
use tokio::task::JoinHandle;

/// Gives sockets that connect inside a sandbox.
pub trait Sockets: Send + Sync {
    /// A new TCP socket over IPv4 in the sandbox's network, not connected, non-blocking.
    ///
    /// # Errors
    /// The sandbox has ended, or has no socket left.
    fn socket(&self) -> Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send + '_>>;
}

/// Who wrote a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    Function,
    Extension,
}

/// Subscribers of one instance. Cheap to clone; clones are the same.
#[derive(Clone)]
pub struct Telemetry(Arc<Shared>);

struct Shared {
    clock: Clock,
    /// Whether anything that is told is wanted, or may be.
    listening: AtomicBool,
    hub: Mutex<Hub>,
}

/// One start of the processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generation(u64);

#[derive(Default)]
struct Hub {
    generation: u64,
    sockets: Option<Arc<dyn Sockets>>,
    /// What subscribers that come yet are to hear; `None` once none comes any more.
    backlog: Option<Backlog>,
    subscribers: Vec<Subscriber>,
}

#[derive(Default)]
struct Backlog {
    entries: Vec<Entry>,
    bytes: usize,
}

/// Bounds of what is kept for those who subscribe late.
const BACKLOG_ENTRIES_MAX: usize = 1000;
const BACKLOG_BYTES_MAX: usize = 256 << 10;

struct Subscriber {
    name: String,
    subscription: Arc<Subscription>,
    queue: Arc<Queue>,
    /// Ends with it.
    task: JoinHandle<()>,
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One thing told, as each of the two APIs has it.
struct Entry {
    stream: Stream,
    kind: &'static str,
    telemetry: Arc<str>,
    /// For the Logs API, where it differs.
    logs: Option<Arc<str>>,
}

/// One who subscribed, for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscribed {
    pub api: SubscriptionApi,
    pub name: String,
    pub types: Vec<String>,
}

impl Telemetry {
    /// Nobody can subscribe before [`Telemetry::begin`].
    pub fn new(clock: Clock) -> Self {
        Telemetry(Arc::new(Shared { clock, listening: AtomicBool::new(false), hub: Mutex::default() }))
    }

    /// The processes are about to be started: who subscribed to those before is gone.
    pub fn begin(&self, sockets: Arc<dyn Sockets>) -> Generation {
        let mut hub = self.hub();
        let generation = hub.generation + 1;
        let backlog = Some(Backlog::default());
        *hub = Hub { generation, sockets: Some(sockets), backlog, subscribers: Vec::new() };
        self.0.listening.store(true, Ordering::Release);
        Generation(generation)
    }

    /// The initialisation has ended: nobody subscribes any more.
    pub fn close(&self) {
        let mut hub = self.hub();
        hub.backlog = None;
        self.0.listening.store(!hub.subscribers.is_empty(), Ordering::Release);
    }

    /// Ends all deliveries of that start, and gives back the way into the sandbox.
    pub fn end(&self, of: Generation) {
        let mut hub = self.hub();
        if hub.generation == of.0 {
            *hub = Hub { generation: of.0, ..Hub::default() };
            self.0.listening.store(false, Ordering::Release);
        }
    }

    /// Has what waits delivered now rather than when its time comes, and waits until it has been. Bounded
    /// by nothing but its caller: a subscriber may hang.
    pub async fn flush(&self) {
        let queues: Vec<Arc<Queue>> =
            self.hub().subscribers.iter().map(|subscriber| subscriber.queue.clone()).collect();
        queues.iter().for_each(|queue| queue.flush());
        for queue in queues {
            queue.drained().await;
        }
    }

    pub fn subscribed(&self) -> Vec<Subscribed> {
        let of = |subscriber: &Subscriber| Subscribed {
            api: subscriber.subscription.api,
            name: subscriber.name.clone(),
            types: subscriber.subscription.types(),
        };
        self.hub().subscribers.iter().map(of).collect()
    }

    /// Whether anything that is told is wanted, or may be.
    pub fn is_listening(&self) -> bool {
        self.0.listening.load(Ordering::Acquire)
    }

    /// Tells of an event.
    pub fn tell(&self, at: Timestamp, event: &Event) {
        if self.is_listening() {
            let record = event.record();
            let logs = subscription::older_record(event.kind(), &record)
                .map(|older| report::document(at, event.kind(), &older).into());
            let telemetry = report::document(at, event.kind(), &record).into();
            self.publish(Entry { stream: Stream::Platform, kind: event.kind(), telemetry, logs });
        }
    }

    /// Tells of a line that a process wrote. In JSON logs, what is an object is passed on as one.
    pub fn line(&self, at: Timestamp, origin: Origin, text: &str, is_json: bool) {
        if self.is_listening() {
            let object = match is_json && text.starts_with('{') {
                true => serde_json::from_str(text).ok().filter(Value::is_object),
                false => None,
            };
            let record = object.unwrap_or_else(|| Value::String(text.to_owned()));
            let (stream, kind) = match origin {
                Origin::Function => (Stream::Function, "function"),
                Origin::Extension => (Stream::Extension, "extension"),
            };
            let telemetry = report::document(at, kind, &record).into();
            self.publish(Entry { stream, kind, telemetry, logs: None });
        }
    }

    /// Must be called inside a tokio runtime.
    pub(crate) fn subscribe(&self, name: &str, subscription: Subscription) -> Result<(), Rejected> {
        let mut hub = self.hub();
        let Hub { sockets: Some(sockets), backlog: Some(backlog), subscribers, .. } = &mut *hub else {
            return Err(subscription.rejected("subscriptions are taken during initialization only"));
        };
        if subscribers.iter().any(|other| other.name == name && other.subscription.api != subscription.api) {
            return Err(subscription.rejected("this extension has subscribed through the other API already"));
        }
        // The same again is no second subscription.
        subscribers.retain(|other| other.name != name);
        let subscription = Arc::new(subscription);
        let queue = Arc::new(Queue::new(subscription.buffering, self.0.clock.clone()));
        for entry in &backlog.entries {
            offer(entry, &subscription, &queue);
        }
        let deliver =
            deliver::deliver(queue.clone(), subscription.clone(), sockets.clone(), self.0.clock.clone());
        let task = tokio::spawn(deliver);
        subscribers.push(Subscriber { name: name.to_owned(), subscription, queue, task });
        Ok(())
    }

    fn publish(&self, entry: Entry) {
        let mut hub = self.hub();
        for subscriber in &hub.subscribers {
            offer(&entry, &subscriber.subscription, &subscriber.queue);
        }
        if let Some(backlog) = &mut hub.backlog {
            let size = entry.telemetry.len();
            if backlog.entries.len() < BACKLOG_ENTRIES_MAX && backlog.bytes + size <= BACKLOG_BYTES_MAX {
                backlog.bytes += size;
                backlog.entries.push(entry);
            }
        }
    }

    fn hub(&self) -> MutexGuard<'_, Hub> {
        self.0.hub.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn offer(entry: &Entry, subscription: &Subscription, queue: &Queue) {
    if subscription.wants(entry.stream, entry.kind) {
        let document = match subscription.api {
            SubscriptionApi::Telemetry => &entry.telemetry,
            SubscriptionApi::Logs => entry.logs.as_ref().unwrap_or(&entry.telemetry),
        };
        queue.push(document.clone());
    }
}

impl std::fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Telemetry").field("subscribed", &self.subscribed()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;

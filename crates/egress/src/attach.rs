use crate::counters::Counters;
use crate::dns::Upstream;
use crate::judge::Judge;
use crate::queue::Waiting;
use crate::tun::Tun;
use crate::{Bounds, Policy, Traffic, reader};
use clock::Clock;
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

#[derive(Debug, Clone)]
pub struct Config {
    /// For whoever says nothing.
    pub default: Policy,
    pub bounds: Bounds,
    /// Where names are asked; empty: where `/etc/resolv.conf` of this machine says, looked at again and again.
    pub nameservers: Vec<SocketAddr>,
    /// Connections, exchanges and look-ups of all sandboxes at once: each takes a descriptor of the server.
    pub flows_max: usize,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            default: Policy::default(),
            bounds: Bounds::default(),
            nameservers: Vec::new(),
            flows_max: 8192,
        }
    }
}

/// What all sandboxes share. Cheap to clone.
#[derive(Clone)]
pub struct Egress {
    clock: Clock,
    bounds: Arc<Bounds>,
    upstream: Arc<Upstream>,
    flows: Arc<Semaphore>,
}

/// All that the tasks of one sandbox share.
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    pub(crate) tun: Tun,
    pub(crate) judge: Judge,
    pub(crate) counters: Arc<Counters>,
    pub(crate) upstream: Arc<Upstream>,
    pub(crate) waiting: Waiting,
    /// Flows of all sandboxes.
    pub(crate) flows: Arc<Semaphore>,
    /// Look-ups of this one.
    pub(crate) lookups: Arc<Semaphore>,
}

impl Egress {
    pub fn new(config: Config, clock: Clock) -> Self {
        Egress {
            upstream: Arc::new(Upstream::new(config.nameservers, clock.clone())),
            bounds: Arc::new(config.bounds),
            flows: Arc::new(Semaphore::new(config.flows_max)),
            clock,
        }
    }

    /// Serves a sandbox's device under `policy` until the result is dropped; until it is attached, nothing
    /// leaves. `device` gives and takes whole IP packets of at most [`MTU`](crate::MTU) bytes, and does not
    /// block. Nothing is allocated before its first packet.
    ///
    /// `tell` hears of the first refusals, in words for whoever wrote the code inside.
    ///
    /// # Errors
    /// Called outside of a tokio runtime, or the device cannot be waited for.
    pub fn attach(
        &self,
        device: OwnedFd,
        policy: Policy,
        tell: impl Fn(String) + Send + Sync + 'static,
    ) -> io::Result<Attached> {
        let counters = Arc::new(Counters::new(Box::new(tell)));
        let shared = Arc::new(Shared {
            clock: self.clock.clone(),
            tun: Tun::new(device)?,
            judge: Judge::new(policy, self.bounds.clone()),
            counters: counters.clone(),
            upstream: self.upstream.clone(),
            waiting: Waiting::default(),
            flows: self.flows.clone(),
            lookups: Arc::new(Semaphore::new(crate::limits::LOOKUPS_MAX)),
        });
        Ok(Attached { task: tokio::spawn(reader::run(shared)), counters })
    }
}

/// A device that is served. Dropped, every connection of it ends.
pub struct Attached {
    task: JoinHandle<()>,
    counters: Arc<Counters>,
}

impl Attached {
    pub fn traffic(&self) -> Traffic {
        self.counters.traffic()
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        self.task.abort();
    }
}

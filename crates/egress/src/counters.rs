use crate::limits::REFUSALS_TOLD;
use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// What went through since the device was attached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Payload that the sandbox sent, in bytes: headers are not counted.
    pub bytes_out: u64,
    /// Payload that it was sent.
    pub bytes_in: u64,
    /// Connections and exchanges that were let through.
    pub flows: u64,
    /// Those that were not.
    pub refused: u64,
}

/// Told of a refusal, in words for the function's owner.
pub(crate) type Tell = Box<dyn Fn(String) + Send + Sync>;

pub(crate) struct Counters {
    bytes_out: AtomicU64,
    bytes_in: AtomicU64,
    flows: AtomicU64,
    refused: AtomicU64,
    tell: Tell,
    told: Mutex<HashSet<String>>,
}

impl Counters {
    pub(crate) fn new(tell: Tell) -> Self {
        Counters {
            bytes_out: AtomicU64::new(0),
            bytes_in: AtomicU64::new(0),
            flows: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            tell,
            told: Mutex::default(),
        }
    }

    pub(crate) fn sent(&self, bytes: usize) {
        self.bytes_out.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn received(&self, bytes: usize) {
        self.bytes_in.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn flow(&self) {
        self.flows.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts it, and tells of it unless it was told already or there were too many.
    pub(crate) fn refused(&self, protocol: &'static str, to: SocketAddr, why: &dyn std::fmt::Display) {
        self.refused.fetch_add(1, Ordering::Relaxed);
        self.tell_once(|| format!("{protocol} to {to} refused: {why}"));
    }

    /// `name` is a host name, or says that it is none.
    pub(crate) fn name_refused(&self, name: &str) {
        self.refused.fetch_add(1, Ordering::Relaxed);
        self.tell_once(|| format!("look-up of {name} refused by the function's egress policy"));
    }

    fn tell_once(&self, words: impl FnOnce() -> String) {
        let words = {
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            if told.len() >= REFUSALS_TOLD {
                return;
            }
            let words = words();
            told.insert(words.clone()).then_some(words)
        };
        if let Some(words) = words {
            (self.tell)(words);
        }
    }

    pub(crate) fn traffic(&self) -> Traffic {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Traffic {
            bytes_out: load(&self.bytes_out),
            bytes_in: load(&self.bytes_in),
            flows: load(&self.flows),
            refused: load(&self.refused),
        }
    }
}

//! Packets between the reader and the task of a flow.

use crate::limits::{QUEUED_BYTES_MAX, QUEUED_PACKETS_MAX};
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::mpsc;

/// A packet, and its share of what one sandbox may have waiting.
pub(crate) struct Queued {
    bytes: Vec<u8>,
    waiting: Arc<AtomicUsize>,
}

impl Deref for Queued {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        self.waiting.fetch_sub(self.bytes.len(), Ordering::Relaxed);
    }
}

/// All packets of one sandbox that wait, in bytes.
#[derive(Clone, Default)]
pub(crate) struct Waiting(Arc<AtomicUsize>);

impl Waiting {
    /// `None` when too much waits already.
    pub(crate) fn queue(&self, packet: &[u8]) -> Option<Queued> {
        let before = self.0.fetch_add(packet.len(), Ordering::Relaxed);
        if before + packet.len() > QUEUED_BYTES_MAX {
            self.0.fetch_sub(packet.len(), Ordering::Relaxed);
            return None;
        }
        Some(Queued { bytes: packet.to_vec(), waiting: self.0.clone() })
    }
}

pub(crate) fn channel() -> (mpsc::Sender<Queued>, mpsc::Receiver<Queued>) {
    mpsc::channel(QUEUED_PACKETS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_bounded_and_given_back() {
        let waiting = Waiting::default();
        let packet = vec![0; 1 << 20];
        let held: Vec<_> = std::iter::from_fn(|| waiting.queue(&packet)).collect();
        assert_eq!(held.len(), QUEUED_BYTES_MAX >> 20);
        drop(held);
        assert_eq!(waiting.0.load(Ordering::Relaxed), 0);
        assert!(waiting.queue(&packet).is_some());
    }
}

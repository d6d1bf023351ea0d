//! The flows of one sandbox, and what bounds them.

use crate::limits::{CONNECTIONS_LARGE, FLOWS_MAX, UDP_FLOWS_MAX};
use crate::queue::Queued;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Protocol {
    Tcp,
    Udp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) protocol: Protocol,
    pub(crate) from: SocketAddr,
    pub(crate) to: SocketAddr,
}

struct Flow {
    packets: mpsc::Sender<Queued>,
    number: u64,
    is_large: bool,
}

/// One flow's name in the table; its task gives it back when it ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ticket {
    key: Key,
    number: u64,
}

pub(crate) struct Flows {
    table: HashMap<Key, Flow>,
    udp: usize,
    large: usize,
    next: u64,
    /// Of all sandboxes together.
    shared: Arc<Semaphore>,
}

/// What a new flow was given.
pub(crate) struct Admitted {
    pub(crate) ticket: Ticket,
    pub(crate) is_large: bool,
    pub(crate) permit: OwnedSemaphorePermit,
}

impl Flows {
    pub(crate) fn new(shared: Arc<Semaphore>) -> Self {
        Flows { table: HashMap::new(), udp: 0, large: 0, next: 0, shared }
    }

    /// The way to a flow's task; `None` when there is no such flow, or its task has ended.
    pub(crate) fn find(&self, key: &Key) -> Option<&mpsc::Sender<Queued>> {
        self.table.get(key).map(|flow| &flow.packets).filter(|packets| !packets.is_closed())
    }

    /// `None`: there are too many.
    pub(crate) fn admit(&mut self, key: Key, packets: mpsc::Sender<Queued>) -> Option<Admitted> {
        self.remove(&key);
        if self.table.len() >= FLOWS_MAX || (key.protocol == Protocol::Udp && self.udp >= UDP_FLOWS_MAX) {
            return None;
        }
        let permit = self.shared.clone().try_acquire_owned().ok()?;
        let number = self.next;
        self.next += 1;
        let is_large = key.protocol == Protocol::Tcp && self.large < CONNECTIONS_LARGE;
        self.udp += usize::from(key.protocol == Protocol::Udp);
        self.large += usize::from(is_large);
        self.table.insert(key, Flow { packets, number, is_large });
        Some(Admitted { ticket: Ticket { key, number }, is_large, permit })
    }

    pub(crate) fn ended(&mut self, ticket: Ticket) {
        if self.table.get(&ticket.key).is_some_and(|flow| flow.number == ticket.number) {
            self.remove(&ticket.key);
        }
    }

    /// For a task that ended without giving its ticket back.
    pub(crate) fn remove_closed(&mut self) {
        let closed: Vec<Key> =
            self.table.iter().filter(|(_, flow)| flow.packets.is_closed()).map(|(key, _)| *key).collect();
        for key in closed {
            self.remove(&key);
        }
    }

    fn remove(&mut self, key: &Key) {
        if let Some(flow) = self.table.remove(key) {
            self.udp -= usize::from(key.protocol == Protocol::Udp);
            self.large -= usize::from(flow.is_large);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(protocol: Protocol, port: u16) -> Key {
        Key { protocol, from: ([192, 0, 0, 2], port).into(), to: ([1, 1, 1, 1], 80).into() }
    }

    #[test]
    fn flows_are_bounded_for_one_and_for_all() {
        let shared = Arc::new(Semaphore::new(FLOWS_MAX + 10));
        let mut one = Flows::new(shared.clone());
        let (packets, _receiver) = crate::queue::channel();
        let mut held: Vec<_> =
            (0..2000).filter_map(|port| one.admit(key(Protocol::Udp, port), packets.clone())).collect();
        assert_eq!(held.len(), UDP_FLOWS_MAX);
        held.extend((0..2000).filter_map(|port| one.admit(key(Protocol::Tcp, port), packets.clone())));
        assert_eq!(held.len(), FLOWS_MAX);
        assert_eq!(held.iter().filter(|flow| flow.is_large).count(), CONNECTIONS_LARGE);
        let mut other = Flows::new(shared);
        let others: Vec<_> =
            (0..20).filter_map(|port| other.admit(key(Protocol::Tcp, port), packets.clone())).collect();
        assert_eq!(others.len(), 10);
        for flow in held {
            one.ended(flow.ticket);
            // Twice is once.
            one.ended(flow.ticket);
        }
        assert_eq!((one.table.len(), one.udp, one.large), (0, 0, 0));
        assert!(one.admit(key(Protocol::Tcp, 1), packets).is_some());
    }

    #[test]
    fn a_flow_that_ended_makes_room_for_the_next_of_its_name() {
        let mut flows = Flows::new(Arc::new(Semaphore::new(10)));
        let key = key(Protocol::Tcp, 1);
        let (packets, receiver) = crate::queue::channel();
        let first = flows.admit(key, packets).unwrap();
        assert!(flows.find(&key).is_some());
        drop(receiver);
        assert!(flows.find(&key).is_none());
        let (packets, _receiver) = crate::queue::channel();
        flows.admit(key, packets).unwrap();
        flows.ended(first.ticket);
        assert!(flows.find(&key).is_some(), "the end of the former is not the end of the latter");
    }
}

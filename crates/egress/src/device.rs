use crate::MTU;
use crate::queue::Queued;
use crate::tun::Tun;
use smoltcp::phy::{Checksum, ChecksumCapabilities, Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::time::Instant;
use std::collections::VecDeque;

/// What the small stack of one connection takes for its network card: packets of this connection come in
/// through [`Wire::incoming`], and go out to the sandbox's device at once.
pub(crate) struct Wire<'a> {
    pub(crate) tun: &'a Tun,
    pub(crate) incoming: VecDeque<Queued>,
    outgoing: Vec<u8>,
}

impl<'a> Wire<'a> {
    pub(crate) fn new(tun: &'a Tun) -> Self {
        Wire { tun, incoming: VecDeque::new(), outgoing: Vec::new() }
    }
}

pub(crate) struct Incoming(Queued);

pub(crate) struct Outgoing<'b> {
    tun: &'b Tun,
    buffer: &'b mut Vec<u8>,
}

impl Device for Wire<'_> {
    type RxToken<'b>
        = Incoming
    where
        Self: 'b;
    type TxToken<'b>
        = Outgoing<'b>
    where
        Self: 'b;

    fn receive(&mut self, _: Instant) -> Option<(Incoming, Outgoing<'_>)> {
        let packet = self.incoming.pop_front()?;
        Some((Incoming(packet), Outgoing { tun: self.tun, buffer: &mut self.outgoing }))
    }

    fn transmit(&mut self, _: Instant) -> Option<Outgoing<'_>> {
        Some(Outgoing { tun: self.tun, buffer: &mut self.outgoing })
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut checksum = ChecksumCapabilities::default();
        // Made by the kernel that we share with the sandbox, and carried by nothing that could damage it.
        checksum.ipv4 = Checksum::Tx;
        checksum.tcp = Checksum::Tx;
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = usize::from(MTU);
        capabilities.checksum = checksum;
        capabilities
    }
}

impl RxToken for Incoming {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(&self.0)
    }
}

impl TxToken for Outgoing<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, write: F) -> R {
        self.buffer.clear();
        self.buffer.resize(length, 0);
        let result = write(self.buffer);
        self.tun.write(self.buffer);
        result
    }
}

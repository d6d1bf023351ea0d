//! Packets that no kernel would send.

use clock::{Clock, Timestamp};
use egress::{Config, Egress, INSIDE_V4};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;

/// A device whose other end we hold: packets keep their bounds on it, too.
fn device() -> (UnixDatagram, OwnedFd) {
    let (ours, theirs) = UnixDatagram::pair().unwrap();
    theirs.set_nonblocking(true).unwrap();
    ours.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
    (ours, theirs.into())
}

/// An IPv4 packet from the sandbox, with a right header checksum.
fn packet(protocol: u8, to: [u8; 4], body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(20 + body.len()).unwrap().to_be_bytes();
    let mut packet = vec![0x45, 0, length[0], length[1], 0, 0, 0, 0, 64, protocol, 0, 0];
    packet.extend(INSIDE_V4.octets());
    packet.extend(to);
    let sum: u32 = packet.chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum();
    let sum = !((sum & 0xffff) + (sum >> 16)) as u16;
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
    packet.extend(body);
    packet
}

/// A datagram to a private address, which must be answered.
fn probe(device: &UnixDatagram) {
    let udp = [0x10, 0, 0, 9, 0, 8, 0, 0];
    device.send(&packet(17, [10, 0, 0, 1], &udp)).unwrap();
    let mut answer = [0; 65_536];
    loop {
        let count = device.recv(&mut answer).expect("the stack answers no more");
        // Not an answer to anything before: ICMP, prohibited, quoting that address.
        if answer[9] == 1 && answer[20..22] == [3, 13] && count >= 56 && answer[44..48] == [10, 0, 0, 1] {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rubbish_of_every_kind_does_no_harm() {
    let random = Clock::simulated(Timestamp::EPOCH, 7);
    let egress = Egress::new(Config::default(), Clock::real());
    let (ours, theirs) = device();
    let attached = egress.attach(theirs, "none".parse().unwrap(), drop).unwrap();
    let work = tokio::task::spawn_blocking(move || {
        probe(&ours);
        ours.set_nonblocking(true).unwrap();
        for round in 0..20_000u32 {
            let mut body = vec![0; (random.random_u64() % 90) as usize];
            random.fill_random(&mut body);
            let bytes = match round % 4 {
                0 => body,
                // TCP, UDP or ICMP, with nonsense in it; to anybody, or to the resolver.
                1 => packet([6, 17, 1][(round / 4 % 3) as usize], [192, 0, 0, 1], &body),
                2 => {
                    packet((random.random_u64() & 255) as u8, [8, 8, (round >> 8) as u8, round as u8], &body)
                }
                // A plausible opening of a connection, or a question.
                _ => {
                    let mut body = [&[0x10, 0, 0, 53], body.as_slice(), &[0; 20]].concat();
                    body[12] = 0x50;
                    body[13] = if round % 8 == 3 { 2 } else { body[13] };
                    packet(if round % 8 == 3 { 6 } else { 17 }, [192, 0, 0, 1], &body)
                }
            };
            // Full is fine; what comes back is thrown away.
            let _ = ours.send(&bytes);
            while ours.recv(&mut [0; 2048]).is_ok() {}
        }
        ours.set_nonblocking(false).unwrap();
        probe(&ours);
    });
    work.await.unwrap();
    assert!(attached.traffic().flows <= egress::limits::FLOWS_MAX as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packet_from_nowhere_or_to_everybody_is_not_answered() {
    let egress = Egress::new(Config::default(), Clock::real());
    let (ours, theirs) = device();
    let attached = egress.attach(theirs, "internet".parse().unwrap(), drop).unwrap();
    let work = tokio::task::spawn_blocking(move || {
        let udp = [0x10, 0, 0, 9, 0, 8, 0, 0];
        let mut forged = packet(17, [10, 0, 0, 1], &udp);
        forged[15] = 77;
        ours.send(&forged).unwrap();
        ours.send(&packet(17, [224, 0, 0, 251], &udp)).unwrap();
        ours.send(&packet(1, [10, 0, 0, 1], &[3, 13, 0, 0, 0, 0, 0, 0])).unwrap();
        probe(&ours);
        ours.set_nonblocking(true).unwrap();
        assert!(ours.recv(&mut [0; 64]).is_err());
        // A question to somebody's echo is refused, not ignored.
        ours.set_nonblocking(false).unwrap();
        ours.send(&packet(1, [8, 8, 8, 8], &[8, 0, 0, 0, 0, 0, 0, 0])).unwrap();
        let mut answer = [0; 2048];
        ours.recv(&mut answer).unwrap();
        assert_eq!((answer[9], &answer[20..22]), (1, &[3, 13][..]));
    });
    work.await.unwrap();
    assert_eq!(attached.traffic().refused, 1);
}

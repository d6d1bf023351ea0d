//! Packets as a sandbox that got hold of its own device might write them: the stack lives on, and answers.

#![no_main]

use clock::Clock;
use egress::{Config, Egress, INSIDE_V4};
use libfuzzer_sys::fuzz_target;
use std::os::unix::net::UnixDatagram;
use std::sync::OnceLock;
use tokio::runtime::{Builder, Runtime};

/// Refused by every policy, so always answered.
const PROBE: [u8; 8] = [0x10, 0, 0, 9, 0, 8, 0, 0];

fuzz_target!(|data: &[u8]| {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| Builder::new_current_thread().enable_all().build().unwrap());
    runtime.block_on(async {
        let (ours, theirs) = UnixDatagram::pair().unwrap();
        theirs.set_nonblocking(true).unwrap();
        ours.set_nonblocking(true).unwrap();
        let egress = Egress::new(Config::default(), Clock::real());
        // Only our own resolver is reached, and it asks nobody.
        let attached = egress.attach(theirs.into(), "none".parse().unwrap(), drop).unwrap();
        let mut rest = data;
        while let [kind, length, after @ ..] = rest {
            let (body, after) = after.split_at(usize::from(*length).min(after.len()));
            rest = after;
            let packet = match kind % 4 {
                0 => body.to_vec(),
                1 => ipv4(6, [192, 0, 0, 1], body),
                2 => ipv4(17, [192, 0, 0, 1], body),
                _ => ipv4(*kind, [8, 8, 8, 8], body),
            };
            let _ = ours.send(&packet);
            tokio::task::yield_now().await;
            while ours.recv(&mut [0; 2048]).is_ok() {}
        }
        let mut answer = [0; 2048];
        for attempt in 0.. {
            assert!(attempt < 100_000, "the stack answers no more");
            let _ = ours.send(&ipv4(17, [10, 0, 0, 1], &PROBE));
            tokio::task::yield_now().await;
            if ours.recv(&mut answer).is_ok() && answer[9] == 1 && answer[44..48] == [10, 0, 0, 1] {
                break;
            }
        }
        drop(attached);
    });
});

fn ipv4(protocol: u8, to: [u8; 4], body: &[u8]) -> Vec<u8> {
    let length = (20 + body.len() as u16).to_be_bytes();
    let mut packet = vec![0x45, 0, length[0], length[1], 0, 0, 0, 0, 64, protocol, 0, 0];
    packet.extend(INSIDE_V4.octets());
    packet.extend(to);
    packet.extend(body);
    packet
}

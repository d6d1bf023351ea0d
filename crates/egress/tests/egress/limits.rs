use crate::world::{ECHO, PUBLIC, connect, until, world};
use egress::limits::FLOWS_MAX;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr};

#[test]
fn many_connections_at_once_do_not_mix() {
    let Some(world) = world("internet") else { return };
    let to = SocketAddr::new(PUBLIC.parse().unwrap(), ECHO);
    let good = world.inside.run_all(200, move |index| {
        let sent: Vec<u8> = (0..20_000).map(|position| (position * 7 + index) as u8).collect();
        let mut stream = connect(to).unwrap();
        stream.write_all(&sent).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut heard = Vec::new();
        stream.read_to_end(&mut heard).unwrap();
        heard == sent
    });
    assert!(good.iter().all(|good| *good));
    assert_eq!(world.traffic().flows, 200);
}

#[test]
fn too_many_are_refused_and_make_room_again() {
    let Some(world) = world("internet") else { return };
    let mut held: Vec<_> = (0..FLOWS_MAX).map(|_| world.connect(PUBLIC, ECHO).unwrap()).collect();
    assert_eq!(world.attempt(PUBLIC, ECHO), Err(ErrorKind::HostUnreachable));
    assert!(world.told("too many connections"));
    held.clear();
    until("there is room again", || world.attempt(PUBLIC, ECHO).is_ok());
}

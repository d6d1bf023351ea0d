use crate::world::{CLOSED, ECHO, OWN, PRIVATE, PUBLIC, PUBLIC_V6, until, world, world_of};
use egress::Bounds;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener};

/// What the kernel makes of an administrative prohibition: `EHOSTUNREACH` on IPv4, `EACCES` on IPv6.
const PROHIBITED: Result<(), ErrorKind> = Err(ErrorKind::HostUnreachable);

#[test]
fn the_internet_is_reached_over_both_protocols_and_ends_are_passed_on() {
    let Some(world) = world("internet") else { return };
    for address in [PUBLIC, PUBLIC_V6] {
        let mut stream = world.connect(address, ECHO).unwrap();
        for word in ["hello", "again"] {
            stream.write_all(word.as_bytes()).unwrap();
            let mut heard = [0; 5];
            stream.read_exact(&mut heard).unwrap();
            assert_eq!(heard, word.as_bytes());
        }
        stream.write_all(b"the end").unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"the end");
    }
    let traffic = world.traffic();
    assert_eq!((traffic.bytes_out, traffic.bytes_in, traffic.flows, traffic.refused), (34, 34, 2, 0));
}

#[test]
fn nothing_private_is_reached_and_the_error_is_quick_and_told() {
    let Some(world) = world("internet") else { return };
    for address in [PRIVATE, OWN, "169.254.169.254", "192.168.0.1", "100.100.100.200", "198.18.0.1"] {
        assert_eq!(world.attempt(address, ECHO), PROHIBITED, "{address}");
        assert!(world.told(&format!("TCP to {address}:{ECHO} refused: ")), "{:?}", world.told);
    }
    for address in ["fd00:ec2::254", "64:ff9b::10.1.2.3", "2002:a01:203::1", "2606:2800:220:1::1"] {
        assert_eq!(world.attempt(address, ECHO), Err(ErrorKind::PermissionDenied), "{address}");
    }
    assert_eq!(world.traffic().flows, 0);
}

#[test]
fn errors_outside_are_the_errors_inside() {
    let Some(world) = world("internet") else { return };
    assert_eq!(world.attempt(PUBLIC, CLOSED), Err(ErrorKind::ConnectionRefused));
    assert_eq!(world.attempt(PUBLIC_V6, CLOSED), Err(ErrorKind::ConnectionRefused));
    assert_eq!(world.attempt("1.1.1.1", 80), Err(ErrorKind::NetworkUnreachable));
    assert_eq!(world.attempt("93.184.216.99", 80), Err(ErrorKind::HostUnreachable));
    assert!(world.told.lock().unwrap().is_empty());
}

#[test]
fn none_reaches_nothing() {
    let Some(world) = world("none") else { return };
    for address in [PUBLIC, PRIVATE, OWN, "1.1.1.1"] {
        assert_eq!(world.attempt(address, ECHO), PROHIBITED, "{address}");
    }
    assert!(world.told("the function's policy is none"));
}

#[test]
fn lists_open_what_they_name_within_the_operators_bounds() {
    let bounds = || Bounds { allow_private: vec!["10.1.2.3/32".parse().unwrap()], deny: Vec::new() };
    let Some(world) = world_of("allow:10.1.2.0/24:7,93.184.216.34:9", bounds()) else { return };
    assert_eq!(world.attempt(PRIVATE, ECHO), Ok(()));
    assert_eq!(world.attempt("10.1.2.1", ECHO), PROHIBITED);
    assert_eq!(world.attempt(PUBLIC, CLOSED), Err(ErrorKind::ConnectionRefused), "the port is open to it");
    assert_eq!(world.attempt(PUBLIC, ECHO), PROHIBITED, "this one is not");
    drop(world);
    let Some(world) = world_of("internet", bounds()) else { return };
    assert_eq!(world.attempt(PRIVATE, ECHO), PROHIBITED);
}

#[test]
fn much_data_comes_through_whole_in_both_directions() {
    let Some(world) = world("internet") else { return };
    let stream = world.connect(PUBLIC, ECHO).unwrap();
    const BLOCK: usize = 100_003;
    const BLOCKS: usize = 300;
    let byte = |position: usize| (position.wrapping_mul(2_654_435_761) >> 13) as u8;
    let mut sender = stream.try_clone().unwrap();
    let sending = std::thread::spawn(move || {
        for block in 0..BLOCKS {
            let bytes: Vec<u8> = (block * BLOCK..(block + 1) * BLOCK).map(byte).collect();
            sender.write_all(&bytes).unwrap();
        }
        sender.shutdown(Shutdown::Write).unwrap();
    });
    let mut stream = stream;
    let mut buffer = vec![0; 65_536];
    let mut position = 0;
    loop {
        let count = stream.read(&mut buffer).unwrap();
        if count == 0 {
            break;
        }
        assert!(buffer[..count].iter().enumerate().all(|(index, found)| *found == byte(position + index)));
        position += count;
    }
    sending.join().unwrap();
    assert_eq!(position, BLOCK * BLOCKS);
}

#[test]
fn a_connection_broken_on_one_side_breaks_on_the_other() {
    let Some(world) = world("internet") else { return };
    let listener = world.outside.run(|| TcpListener::bind((PUBLIC, 8)).unwrap());
    // Broken outside, by an end with data unread.
    let mut stream = world.connect(PUBLIC, 8).unwrap();
    let (accepted, _) = listener.accept().unwrap();
    stream.write_all(b"never read").unwrap();
    until("the data is there", || accepted.peek(&mut [0; 10]).is_ok_and(|count| count == 10));
    drop(accepted);
    assert_eq!(stream.read(&mut [0; 1]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    // Broken inside, the same way.
    let mut stream = world.connect(PUBLIC, 8).unwrap();
    let (mut accepted, _) = listener.accept().unwrap();
    accepted.write_all(b"never read").unwrap();
    until("the data is there", || stream.peek(&mut [0; 10]).is_ok_and(|count| count == 10));
    stream.write_all(b"x").unwrap();
    accepted.read_exact(&mut [0; 1]).unwrap();
    drop(stream);
    assert_eq!(accepted.read(&mut [0; 1]).unwrap_err().kind(), ErrorKind::ConnectionReset);
}

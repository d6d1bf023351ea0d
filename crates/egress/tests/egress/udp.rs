use crate::world::{CLOSED, ECHO, OWN, PRIVATE, PUBLIC, PUBLIC_V6, World, world};
use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

fn socket(world: &World, to: &str, port: u16) -> UdpSocket {
    let to = SocketAddr::new(to.parse().unwrap(), port);
    world.inside.run(move || {
        let any = if to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        let socket = UdpSocket::bind(any).unwrap();
        socket.connect(to).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        socket
    })
}

#[test]
fn datagrams_of_every_size_are_answered() {
    let Some(world) = world("internet") else { return };
    for (to, largest) in [(PUBLIC, 65_507), (PUBLIC_V6, 65_487)] {
        let socket = socket(&world, to, ECHO);
        for length in [0, 1, 1472, 9000, largest] {
            let sent: Vec<u8> = (0..length).map(|index| (index % 251) as u8).collect();
            socket.send(&sent).unwrap();
            let mut heard = vec![0; 65_536];
            let count = socket.recv(&mut heard).unwrap();
            assert!(heard[..count] == sent, "{to}: {length}");
        }
    }
}

#[test]
fn what_goes_nowhere_is_an_error() {
    let Some(world) = world("internet") else { return };
    for (to, port, expected) in [
        (PUBLIC, CLOSED, ErrorKind::ConnectionRefused),
        (PRIVATE, ECHO, ErrorKind::HostUnreachable),
        (OWN, ECHO, ErrorKind::HostUnreachable),
        ("169.254.169.254", 123, ErrorKind::HostUnreachable),
        ("1.1.1.1", 53, ErrorKind::NetworkUnreachable),
        ("192.0.0.1", 54, ErrorKind::ConnectionRefused),
        ("fd00:ec2::254", 123, ErrorKind::PermissionDenied),
    ] {
        let socket = socket(&world, to, port);
        socket.send(b"hello").unwrap();
        assert_eq!(socket.recv(&mut [0; 9]).unwrap_err().kind(), expected, "{to}:{port}");
    }
    assert!(world.told("UDP to 10.1.2.3:7 refused: a private address"));
}

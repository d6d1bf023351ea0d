use crate::world::{ECHO, PRIVATE, PUBLIC, World, world, world_of};
use egress::Bounds;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, UdpSocket};
use std::time::Duration;

/// Knows `*.example.com` by what its first label says.
fn serve_names(world: &World) {
    let (udp, tcp) = world
        .outside
        .run(|| (UdpSocket::bind((PUBLIC, 53)).unwrap(), TcpListener::bind((PUBLIC, 53)).unwrap()));
    std::thread::spawn(move || {
        let mut buffer = [0; 512];
        while let Ok((count, from)) = udp.recv_from(&mut buffer) {
            let _ = udp.send_to(&answer(&buffer[..count]), from);
        }
    });
    std::thread::spawn(move || {
        for stream in tcp.incoming() {
            let mut stream = stream.unwrap();
            let mut length = [0; 2];
            stream.read_exact(&mut length).unwrap();
            let mut question = vec![0; usize::from(u16::from_be_bytes(length))];
            stream.read_exact(&mut question).unwrap();
            let answer = answer(&question);
            stream.write_all(&[&(answer.len() as u16).to_be_bytes()[..], &answer].concat()).unwrap();
        }
    });
}

fn answer(question: &[u8]) -> Vec<u8> {
    let mut answer = question.to_vec();
    let length = usize::from(question[12]);
    let address: [u8; 4] = match &question[13..13 + length] {
        b"public" => [93, 184, 216, 34],
        b"private" => [10, 1, 2, 3],
        b"loopback" => [127, 0, 0, 1],
        _ => {
            answer[2..4].copy_from_slice(&[0x81, 0x83]);
            return answer;
        }
    };
    answer[2..4].copy_from_slice(&[0x81, 0x80]);
    answer[7] = 1;
    answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4]);
    answer.extend(address);
    answer
}

fn question(name: &str) -> Vec<u8> {
    let mut question = vec![7, 8, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        question.push(label.len() as u8);
        question.extend(label.bytes());
    }
    question.extend([0, 0, 1, 0, 1]);
    question
}

/// The last four bytes of the answer, or its code.
fn resolve(world: &World, name: &str) -> Result<[u8; 4], u8> {
    let question = question(name);
    let answer = world.inside.run(move || {
        let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        socket.connect((egress::RESOLVER, 53)).unwrap();
        socket.send(&question).unwrap();
        let mut answer = vec![0; 512];
        let count = socket.recv(&mut answer).unwrap();
        answer[..count].to_vec()
    });
    assert_eq!(answer[..2], [7, 8]);
    match answer[3] & 15 {
        0 => Ok(answer[answer.len() - 4..].try_into().unwrap()),
        code => Err(code),
    }
}

#[test]
fn names_are_resolved_over_both_transports() {
    let Some(world) = world("internet") else { return };
    serve_names(&world);
    assert_eq!(resolve(&world, "public.example.com"), Ok([93, 184, 216, 34]));
    assert_eq!(resolve(&world, "nobody.example.com"), Err(3));
    let mut stream = world.connect("192.0.0.1", 53).unwrap();
    for _ in 0..2 {
        let question = question("public.example.com");
        stream.write_all(&[&(question.len() as u16).to_be_bytes()[..], &question].concat()).unwrap();
        let mut length = [0; 2];
        stream.read_exact(&mut length).unwrap();
        let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut answer).unwrap();
        assert!(answer.starts_with(&[7, 8]) && answer.ends_with(&[93, 184, 216, 34]), "{answer:?}");
    }
    assert_eq!(world.attempt("192.0.0.1", 80), Err(ErrorKind::ConnectionRefused));
}

#[test]
fn an_allowed_name_opens_its_address_and_no_other() {
    let Some(world) = world("allow:*.example.com:7") else { return };
    serve_names(&world);
    assert_eq!(world.attempt(PUBLIC, ECHO), Err(ErrorKind::HostUnreachable), "nobody asked for it yet");
    assert_eq!(resolve(&world, "public.example.org"), Err(3));
    assert!(world.told("look-up of public.example.org refused"));
    assert_eq!(world.attempt(PUBLIC, ECHO), Err(ErrorKind::HostUnreachable));
    assert_eq!(resolve(&world, "public.example.com"), Ok([93, 184, 216, 34]));
    assert_eq!(world.attempt(PUBLIC, ECHO), Ok(()));
    assert_eq!(world.attempt(PUBLIC, 80), Err(ErrorKind::HostUnreachable), "another port");
}

#[test]
fn a_name_that_leads_into_private_networks_leads_nowhere() {
    let Some(world) = world("allow:*.example.com") else { return };
    serve_names(&world);
    assert_eq!(resolve(&world, "private.example.com"), Ok([10, 1, 2, 3]));
    assert_eq!(world.attempt(PRIVATE, ECHO), Err(ErrorKind::HostUnreachable));
    drop(world);
    let bounds = Bounds { allow_private: vec!["10.0.0.0/8".parse().unwrap()], deny: Vec::new() };
    let Some(world) = world_of("allow:*.example.com", bounds) else { return };
    serve_names(&world);
    assert_eq!(world.attempt(PRIVATE, ECHO), Err(ErrorKind::HostUnreachable), "nobody asked for it yet");
    assert_eq!(resolve(&world, "private.example.com"), Ok([10, 1, 2, 3]));
    assert_eq!(world.attempt(PRIVATE, ECHO), Ok(()));
}

#[test]
fn without_an_answer_upstream_there_is_a_failure() {
    let Some(world) = world("internet") else { return };
    assert_eq!(resolve(&world, "public.example.com"), Err(2));
}

#[test]
fn none_resolves_nothing() {
    let Some(world) = world("none") else { return };
    serve_names(&world);
    assert_eq!(resolve(&world, "public.example.com"), Err(3));
}

//! How a server ends, and what the next one finds.

use crate::support::{Request, Server, send, zerun};
use nix::sys::signal::Signal;
use std::io::{Read, Write};
use std::net::TcpStream;

#[test]
fn a_stop_is_graceful_and_the_next_start_finds_everything() {
    let server = Server::start();
    let request = Request::caller_identity();
    let keys = server.keys();
    let endpoint = std::fs::read_to_string(server.data().join("endpoint")).unwrap();
    assert_eq!(endpoint.trim_end(), server.endpoint);
    let (directory, status, rest) = server.stop();
    assert!(status.success(), "{status}");
    assert!(rest.contains("export AWS_ACCESS_KEY_ID=AKIA"), "the first start says how to use it: {rest:?}");

    let server = Server::start_on(directory, "serve", &[]);
    send(server.address(), &request.sign(&keys, server.address())).expect(200, "000000000000");
    let (_directory, status, rest) = server.stop();
    assert!(status.success(), "{status}");
    assert_eq!(rest, "", "later starts print the address alone");
}

#[test]
fn a_request_under_way_is_finished() {
    let server = Server::start();
    let bytes = Request::caller_identity().sign(&server.keys(), server.address()).bytes(server.address());
    let (most, last) = bytes.split_at(bytes.len() - 1);
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.write_all(most).unwrap();
    // Another request is answered, so the accept loop has passed on the first connection.
    send(server.address(), &Request::new("", "GET", "/_zerun/health")).expect(200, "ok");
    server.signal(Signal::SIGTERM);
    // New connections are refused once the listener is closed: then the stop has begun.
    let address = server.address().to_owned();
    while TcpStream::connect(&address).is_ok() {
        std::thread::yield_now();
    }
    stream.write_all(last).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let (_directory, status, _) = server.wait();
    assert!(status.success(), "{status}");
}

#[test]
fn a_request_that_never_ends_is_cut_at_the_deadline() {
    let server = Server::start_with("serve", &["--stop-deadline", "200ms"]);
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nabc").unwrap();
    send(server.address(), &Request::new("", "GET", "/_zerun/health")).expect(200, "ok");
    let (_directory, status, _) = server.stop();
    assert!(status.success(), "{status}");
}

#[test]
fn two_servers_cannot_share_a_data_directory() {
    let server = Server::start();
    let second = zerun(server.data()).args(["serve", "--listen", "127.0.0.1:0"]).output().unwrap();
    assert!(!second.status.success());
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(said.contains("in use"), "{said}");
    assert!(second.stdout.is_empty());
}

#[test]
fn after_a_kill_the_next_start_serves() {
    let server = Server::start();
    let keys = server.keys();
    server.signal(Signal::SIGKILL);
    let (directory, _, _) = server.wait();
    let server = Server::start_on(directory, "serve", &[]);
    send(server.address(), &Request::caller_identity().sign(&keys, server.address())).expect(200, "root");
}

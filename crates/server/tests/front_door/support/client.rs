use super::Request;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A response as it came: status, headers with lower-case names, body.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Says what came instead when an expectation fails.
    #[track_caller]
    pub fn expect(&self, status: u16, in_body: &str) -> &Answer {
        assert!(
            self.status == status && self.body.contains(in_body),
            "expected {status} with {in_body:?}, got {self:#?}"
        );
        self
    }
}

pub fn send(address: &str, request: &Request) -> Answer {
    send_bytes(address, &request.bytes(address))
}

/// Sends bytes as they are and reads to the end of the connection.
pub fn send_bytes(address: &str, bytes: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    // The server may answer, and close, before it has read all of it.
    stream.write_all(bytes).ok();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok();
    read(&answer)
}

fn read(bytes: &[u8]) -> Answer {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no whole response: {text:?}"));
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
    let headers = lines.filter_map(|line| line.split_once(": "));
    Answer {
        status: status.unwrap_or_else(|| panic!("no status: {text:?}")),
        headers: headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect(),
        body: body.to_owned(),
    }
}

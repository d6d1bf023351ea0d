//! An HTTP/1.1 client that costs little: one kept connection, blocking, no allocation but the body's.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    time::Duration,
};

use crate::Result;

/// Long enough for 1 GiB over loopback on a slow disk.
const TIMEOUT: Duration = Duration::from_secs(120);

pub struct Connection {
    stream: BufReader<TcpStream>,
    line: String,
}

impl Connection {
    /// # Errors
    /// Nobody listens at `address` (`host:port`).
    pub fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        Ok(Connection { stream: BufReader::with_capacity(1 << 16, stream), line: String::new() })
    }

    /// Sends a request (its head ended by an empty line, with its body) and reads the whole answer into `body`.
    ///
    /// # Errors
    /// An answer other than 2xx, with what it says; or the connection's.
    pub fn send(&mut self, request: &[u8], body: &mut Vec<u8>) -> Result<()> {
        self.stream.get_mut().write_all(request)?;
        self.receive(body)
    }

    /// Like [`Connection::send`], with a body of its own, as for large uploads.
    ///
    /// # Errors
    /// As there.
    pub fn send_parts(
        &mut self,
        head: &[u8],
        parts: impl Iterator<Item = impl AsRef<[u8]>>,
        body: &mut Vec<u8>,
    ) -> Result<()> {
        self.stream.get_mut().write_all(head)?;
        for part in parts {
            self.stream.get_mut().write_all(part.as_ref())?;
        }
        self.receive(body)
    }

    fn receive(&mut self, body: &mut Vec<u8>) -> Result<()> {
        let status = self.read_line()?.get(9..12).ok_or("no status line")?.parse::<u16>()?;
        let (mut length, mut chunked) = (0, false);
        loop {
            let line = self.read_line()?.to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse()?;
            }
            chunked |= line.starts_with("transfer-encoding:") && line.ends_with("chunked");
        }
        body.clear();
        if chunked {
            while self.read_chunk(body)? {}
        } else {
            body.resize(length, 0);
            self.stream.read_exact(body)?;
        }
        if (200..300).contains(&status) {
            return Ok(());
        }
        Err(format!("{status}: {}", String::from_utf8_lossy(body)).into())
    }

    fn read_chunk(&mut self, body: &mut Vec<u8>) -> Result<bool> {
        let size = usize::from_str_radix(self.read_line()?, 16)?;
        let start = body.len();
        body.resize(start + size, 0);
        self.stream.read_exact(&mut body[start..])?;
        self.read_line()?;
        Ok(size > 0)
    }

    fn read_line(&mut self) -> Result<&str> {
        self.line.clear();
        if self.stream.read_line(&mut self.line)? == 0 {
            return Err("the server closed the connection".into());
        }
        Ok(self.line.trim_end())
    }
}

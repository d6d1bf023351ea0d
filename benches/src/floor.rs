//! What no server can go below: the loopback and the disk, used the way a server of small requests has to use them.

use std::{
    fs::{File, OpenOptions},
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
};

use crate::{Context, Result, client::Connection, sample::Throughput, sample::clients};

/// About what a request and an answer of a small item take.
const REQUEST_BODY: usize = 120;
const ANSWER_BODY: usize = 320;

/// A page, which is the least that a store adds to its log.
const PAGE: usize = 4096;

/// Requests to a server that does nothing but read them and answer: a thread for each connection, no parsing.
///
/// # Errors
/// The sockets'.
pub fn loopback(context: &Context, count: usize) -> Result<Throughput> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    // Ends with its connections, all of which are opened before any is measured.
    let server = std::thread::spawn(move || {
        let threads: Vec<_> = (0..count)
            .filter_map(|_| listener.accept().ok())
            .map(|(stream, _)| std::thread::spawn(move || echo(stream)))
            .collect();
        threads.into_iter().for_each(|thread| drop(thread.join()));
    });
    let body = "b".repeat(REQUEST_BODY);
    let request =
        format!("POST / HTTP/1.1\r\nHost: {address}\r\nContent-Length: {REQUEST_BODY}\r\n\r\n{body}");
    let measured = clients(context, count, |_| {
        let (mut connection, mut answer) = (Connection::open(&address)?, Vec::new());
        let request = request.clone();
        Ok(move |_| connection.send(request.as_bytes(), &mut answer))
    });
    server.join().map_err(|_| "the echo panicked")?;
    measured
}

fn echo(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let answer =
        format!("HTTP/1.1 200 OK\r\nContent-Length: {ANSWER_BODY}\r\n\r\n{}", "a".repeat(ANSWER_BODY));
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        if line == "\r\n" {
            reader.read_exact(&mut [0; REQUEST_BODY])?;
            stream.write_all(answer.as_bytes())?;
        }
    }
}

/// One page after the other into a file that is long enough already, each on the disk before the next: one writer.
///
/// # Errors
/// The disk's.
pub fn synced_pages(context: &Context) -> Result<Throughput> {
    const PAGES: usize = 4096;
    let path = context.disk.join("floor");
    let open = |path: &Path| -> Result<File> {
        let file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
        let mut file = file;
        (0..PAGES).try_for_each(|_| file.write_all(&[1; PAGE]))?;
        file.sync_all()?;
        Ok(file)
    };
    let measured = clients(context, 1, |_| {
        let file = open(&path)?;
        Ok(move |step: usize| {
            use std::os::unix::fs::FileExt as _;
            file.write_all_at(&[2; PAGE], (step % PAGES * PAGE) as u64)?;
            Ok(file.sync_data()?)
        })
    });
    std::fs::remove_file(&path)?;
    measured
}

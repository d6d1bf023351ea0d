//! The custom runtime that cold starts are measured with: the Runtime API over one connection, by hand.
//!
//! Without `AWS_LAMBDA_RUNTIME_API` it answers one event and ends: the bare process to compare with.

use std::io::{BufRead, BufReader, Read, Result, Write};
use std::net::TcpStream;

fn main() -> Result<()> {
    match std::env::var("AWS_LAMBDA_RUNTIME_API") {
        Ok(address) => serve(&address),
        Err(_) => writeln!(std::io::stdout(), "{}", handle("{}")),
    }
}

fn handle(event: &str) -> String {
    format!("{{\"event\":{event}}}")
}

fn serve(address: &str) -> Result<()> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    loop {
        let next = format!("GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: {address}\r\n\r\n");
        stream.get_mut().write_all(next.as_bytes())?;
        let (id, event) = answer(&mut stream)?;
        let body = handle(&event);
        let post = format!(
            "POST /2018-06-01/runtime/invocation/{id}/response HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.get_mut().write_all(post.as_bytes())?;
        answer(&mut stream)?;
    }
}

/// The request id, if the head names one, and the body.
fn answer(stream: &mut BufReader<TcpStream>) -> Result<(String, String)> {
    let (mut id, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let Some((name, value)) = line.split_once(':') else { continue };
        match name.to_ascii_lowercase().as_str() {
            "lambda-runtime-aws-request-id" => id = value.trim().to_owned(),
            "content-length" => length = value.trim().parse().unwrap_or(0),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok((id, String::from_utf8_lossy(&body).into_owned()))
}

use super::*;
use crate::report::{Init, InitKind, InitPhase};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream as Connection};

/// Sockets of this machine: the listener plays the extension.
struct Here;

impl Sockets for Here {
    fn socket(&self) -> Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send + '_>> {
        Box::pin(async { tokio::net::TcpSocket::new_v4().and_then(into_std) })
    }
}

fn into_std(socket: tokio::net::TcpSocket) -> io::Result<TcpStream> {
    use std::os::fd::{FromRawFd, IntoRawFd};
    // SAFETY: the descriptor was just given up by its only owner.
    Ok(unsafe { TcpStream::from_raw_fd(socket.into_raw_fd()) })
}

fn started() -> (Telemetry, Generation) {
    let telemetry = Telemetry::new(Clock::real());
    let generation = telemetry.begin(Arc::new(Here));
    (telemetry, generation)
}

fn wish(port: u16, types: &[&str]) -> Vec<u8> {
    let destination = json!({"protocol": "HTTP", "URI": format!("http://sandbox.localdomain:{port}/in")});
    json!({"schemaVersion": "2022-12-13", "types": types, "destination": destination,
           "buffering": {"timeoutMs": 25}})
    .to_string()
    .into_bytes()
}

/// Reads one POST, answers it, and gives its first line and its documents.
async fn taken(listener: &TcpListener, status: u16) -> (String, Vec<Value>) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut text = Vec::new();
    let body = loop {
        let mut buffer = [0; 4096];
        let read = stream.read(&mut buffer).await.unwrap();
        assert_ne!(read, 0, "{}", String::from_utf8_lossy(&text));
        text.extend_from_slice(&buffer[..read]);
        let so_far = String::from_utf8_lossy(&text);
        let Some((head, body)) = so_far.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        if body.len() >= length.parse::<usize>().unwrap() {
            break body.to_owned();
        }
    };
    let answer = format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\n\r\n");
    stream.write_all(answer.as_bytes()).await.unwrap();
    let head = String::from_utf8_lossy(&text).lines().next().unwrap_or_default().to_owned();
    (head, serde_json::from_str(&body).unwrap())
}

fn kinds(documents: &[Value]) -> Vec<&str> {
    documents.iter().filter_map(|document| document["type"].as_str()).collect()
}

#[tokio::test]
async fn a_subscriber_hears_what_was_before_it_and_what_it_asked_for() {
    let (telemetry, _) = started();
    let at = Timestamp::EPOCH;
    let init = Init { kind: InitKind::OnDemand, phase: InitPhase::Init };
    let done = Event::InitRuntimeDone { init, status: report::Status::Success, error_type: None };
    telemetry.tell(at, &done);
    telemetry.line(at, Origin::Extension, "of an extension", false);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let body = wish(listener.local_addr().unwrap().port(), &["platform", "function"]);
    telemetry.subscribe("agent", parse_telemetry(&body).unwrap()).unwrap();
    telemetry.close();
    telemetry.line(at, Origin::Function, "hello", true);
    telemetry.line(at, Origin::Function, r#"{"level":"INFO"}"#, true);
    telemetry.tell(at, &Event::End { request_id: "r" });
    let (head, documents) = taken(&listener, 200).await;
    assert_eq!(head, "POST /in HTTP/1.1");
    assert_eq!(kinds(&documents), ["platform.initRuntimeDone", "function", "function"]);
    assert_eq!(documents[1], json!({"time": at.to_iso8601(), "type": "function", "record": "hello"}));
    assert_eq!(documents[2]["record"], json!({"level": "INFO"}));
    let subscribed = telemetry.subscribed();
    assert_eq!((subscribed[0].name.as_str(), subscribed[0].types.len()), ("agent", 2));
    let late = telemetry.subscribe("late", parse_telemetry(&body).unwrap());
    assert_eq!(late.unwrap_err().error_type, "ValidationError");
}

#[tokio::test]
async fn a_batch_that_was_not_taken_is_sent_again() {
    let (telemetry, _) = started();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let body = wish(listener.local_addr().unwrap().port(), &["function"]);
    telemetry.subscribe("agent", parse_telemetry(&body).unwrap()).unwrap();
    telemetry.line(Timestamp::EPOCH, Origin::Function, "once", false);
    let (_, first) = taken(&listener, 500).await;
    let (_, second) = taken(&listener, 202).await;
    assert_eq!(first, second);
}

#[tokio::test]
async fn the_older_api_sends_lines_of_json_over_tcp_and_knows_less() {
    let (telemetry, generation) = started();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let body = json!({"types": ["platform"], "destination": {"protocol": "TCP", "port": port},
                      "buffering": {"timeoutMs": 25}});
    telemetry.subscribe("agent", parse_logs(body.to_string().as_bytes()).unwrap()).unwrap();
    let both = parse_telemetry(&wish(port, &["platform"])).unwrap();
    assert!(telemetry.subscribe("agent", both).is_err());
    let at = Timestamp::EPOCH;
    telemetry.tell(at, &Event::Start { request_id: "r", version: "1", trace_id: "Root=1" });
    telemetry.tell(at, &Event::End { request_id: "r" });
    let (mut stream, _) = listener.accept().await.unwrap();
    let lines = lines_of(&mut stream, 2).await;
    assert_eq!(lines[0]["record"], json!({"requestId": "r", "version": "1"}));
    assert_eq!(kinds(&lines), ["platform.start", "platform.end"]);
    let next = telemetry.begin(Arc::new(Here));
    telemetry.end(generation);
    assert_eq!(telemetry.subscribed(), []);
    telemetry.end(next);
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);
}

async fn lines_of(stream: &mut Connection, count: usize) -> Vec<Value> {
    let mut text = String::new();
    while text.matches('\n').count() < count {
        let mut buffer = [0; 4096];
        let read = stream.read(&mut buffer).await.unwrap();
        assert_ne!(read, 0, "{text}");
        text.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
    }
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn wishes_out_of_bounds_are_rejected() {
    let check = |change: fn(&mut Value), expected: &str| {
        let mut body: Value = serde_json::from_slice(&wish(8080, &["platform"])).unwrap();
        change(&mut body);
        let rejected = parse_telemetry(body.to_string().as_bytes()).unwrap_err();
        assert!(rejected.message.contains(expected), "{expected} in {}", rejected.message);
    };
    check(|body| body["types"] = json!([]), "types should not be empty");
    check(|body| body["types"] = json!(["all"]), "\"all\"");
    check(|body| body["schemaVersion"] = json!("2020-08-15"), "schemaVersion");
    check(|body| body["buffering"]["maxItems"] = json!(999), "maxItems");
    check(|body| body["buffering"]["maxBytes"] = json!(2_000_000), "maxBytes");
    check(|body| body["buffering"]["timeoutMs"] = json!(24), "timeoutMs");
    let uri = |body: &mut Value, uri: &str| body["destination"]["URI"] = json!(uri);
    assert!(parse_telemetry(&wish(9001, &["platform"])).unwrap_err().message.contains("reserved"));
    check(|body| body["destination"]["protocol"] = json!("UDP"), "UDP");
    let mut body: Value = serde_json::from_slice(&wish(8080, &["platform"])).unwrap();
    for (text, expected) in [
        ("http://sandbox.localdomain", "URI port is not provided"),
        ("http://169.254.169.254:80/", "host"),
        ("https://sandbox.localdomain:8080", "scheme"),
    ] {
        uri(&mut body, text);
        let rejected = parse_telemetry(body.to_string().as_bytes()).unwrap_err();
        assert!(rejected.message.contains(expected), "{expected} in {}", rejected.message);
    }
}

#[tokio::test]
async fn a_server_that_closes_after_its_answer_has_answered() {
    let telemetry = started().0;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let body = wish(listener.local_addr().unwrap().port(), &["function"]);
    telemetry.subscribe("agent", parse_telemetry(&body).unwrap()).unwrap();
    for text in ["first", "second", "third"] {
        telemetry.line(Timestamp::EPOCH, Origin::Function, text, false);
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut taken = Vec::new();
        while !taken.ends_with(b"]") {
            stream.read_buf(&mut taken).await.unwrap();
        }
        assert!(String::from_utf8_lossy(&taken).contains(text), "{}", String::from_utf8_lossy(&taken));
        stream.write_all(b"HTTP/1.0 200 OK\r\n\r\n").await.unwrap();
    }
}

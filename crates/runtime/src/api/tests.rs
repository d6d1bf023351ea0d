use super::*;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const BASE: &str = "/2018-06-01/runtime";

fn start() -> (RuntimeApi, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (RuntimeApi::start(listener, Clock::real()).unwrap(), address)
}

fn invocation(id: &str) -> Invocation {
    Invocation {
        request_id: id.into(),
        payload: Bytes::from_static(b"{\"n\":1}"),
        deadline: Timestamp::from_ms(1_795_235_400_123),
        invoked_arn: "arn:aws:lambda:us-east-1:000000000000:function:f:live".into(),
        trace_id: "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0".into(),
        client_context: Some("{\"custom\":\n{\"é\":1}}".into()),
        cognito_identity: None,
        takes_stream: false,
    }
}

/// Sends raw bytes from another thread and reads until the server closes.
async fn raw(address: SocketAddr, bytes: Vec<u8>) -> (u16, String) {
    tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(&bytes).unwrap();
        let mut text = Vec::new();
        stream.read_to_end(&mut text).unwrap();
        let text = String::from_utf8_lossy(&text).into_owned();
        let status = text.get(9..12).and_then(|s| s.parse().ok()).unwrap_or(0);
        (status, text)
    })
    .await
    .unwrap()
}

async fn call(address: SocketAddr, method: &str, path: &str, body: &[u8]) -> (u16, String) {
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    raw(address, [head.as_bytes(), body].concat()).await
}

async fn ask(address: SocketAddr) -> (u16, String) {
    call(address, "GET", &format!("{BASE}/invocation/next"), b"").await
}

fn body(text: &str) -> Value {
    text.split_once("\r\n\r\n").and_then(|(_, body)| serde_json::from_str(body).ok()).unwrap_or_default()
}

#[tokio::test]
async fn an_event_is_handed_out_answered_and_the_next_one_asked_for() {
    let (api, address) = start();
    assert_eq!(api.invoke(invocation("a")).err(), Some(NotIdle));
    let asked = tokio::spawn(ask(address));
    assert_eq!(api.initialised().await, Initialised::Ready);
    let mut pending = api.invoke(invocation("a")).unwrap();
    let (status, text) = asked.await.unwrap();
    assert_eq!(status, 200);
    for header in [
        "lambda-runtime-aws-request-id: a\r\n",
        "lambda-runtime-deadline-ms: 1795235400123\r\n",
        "lambda-runtime-invoked-function-arn: arn:aws:lambda:us-east-1:000000000000:function:f:live\r\n",
        "lambda-runtime-trace-id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;",
        "lambda-runtime-client-context: {\"custom\": {\"é\":1}}\r\n",
        "content-type: application/json\r\n",
    ] {
        assert!(text.contains(header), "{header} in {text}");
    }
    assert!(!text.contains("cognito"), "{text}");
    assert_eq!(body(&text), serde_json::json!({"n": 1}));

    let (status, text) = call(address, "GET", &format!("{BASE}/invocation/next"), b"").await;
    assert_eq!((status, body(&text)["errorType"].as_str()), (403, Some("InvalidStateTransition")));
    let (status, text) = call(address, "POST", &format!("{BASE}/invocation/b/response"), b"1").await;
    assert_eq!((status, body(&text)["errorType"].as_str()), (400, Some("InvalidRequestID")));
    let (status, text) = call(address, "POST", &format!("{BASE}/invocation/a/response"), b"[2]").await;
    assert_eq!((status, body(&text)), (202, serde_json::json!({"status": "OK"})));
    match pending.reply().await {
        Reply::Response { body, content_type } => {
            assert_eq!((&body[..], content_type.as_str()), (&b"[2]"[..], "application/json"));
        }
        other => panic!("{other:?}"),
    }
    let (status, _) = call(address, "POST", &format!("{BASE}/invocation/a/error"), b"{}").await;
    assert_eq!(status, 403);
    assert!(api.invoke(invocation("c")).is_err(), "it has not asked for the next event");
    let _asked = tokio::spawn(ask(address));
    api.idle().await;
    assert!(api.invoke(invocation("c")).is_ok());
}

#[tokio::test]
async fn a_process_that_cannot_start_says_so() {
    let (api, address) = start();
    let error = br#"{"errorMessage":"no","errorType":"Runtime.ImportModuleError"}"#;
    let head = format!(
        "POST {BASE}/init/error HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\
         Lambda-Runtime-Function-Error-Type: Runtime.ImportModuleError\r\n\r\n",
        error.len()
    );
    let (status, _) = raw(address, [head.as_bytes(), error].concat()).await;
    assert_eq!(status, 202);
    let report =
        ErrorReport { body: Bytes::from_static(error), error_type: "Runtime.ImportModuleError".into() };
    assert_eq!(api.initialised().await, Initialised::Failed(report));
    let (status, _) = call(address, "GET", &format!("{BASE}/invocation/next"), b"").await;
    assert_eq!(status, 403);
    let (status, _) = call(address, "POST", &format!("{BASE}/init/error"), b"{}").await;
    assert_eq!(status, 403);
}

async fn running(api: &RuntimeApi, address: SocketAddr) -> Pending {
    let asked = tokio::spawn(ask(address));
    api.initialised().await;
    let pending = api.invoke(invocation("a")).unwrap();
    asked.await.unwrap();
    pending
}

#[tokio::test]
async fn the_largest_answer_passes_and_one_byte_more_is_refused() {
    for (size, status) in [(RESPONSE_BYTES_MAX, 202), (RESPONSE_BYTES_MAX + 1, 413)] {
        let (api, address) = start();
        let mut pending = running(&api, address).await;
        let answer = vec![b'x'; size];
        let (got, text) = call(address, "POST", &format!("{BASE}/invocation/a/response"), &answer).await;
        assert_eq!(got, status, "{text}");
        match pending.reply().await {
            Reply::Response { body, .. } => assert_eq!((body.len(), status), (size, 202)),
            Reply::TooLarge(found) => assert_eq!((found, status), (size as u64, 413)),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_stream_is_passed_on_while_it_is_made_and_its_trailers_are_honoured() {
    let (api, address) = start();
    let mut pending = running(&api, address).await;
    let head = format!(
        "POST {BASE}/invocation/a/response HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
         Transfer-Encoding: chunked\r\nContent-Type: application/octet-stream\r\n\
         Lambda-Runtime-Function-Response-Mode: streaming\r\n\
         Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n\r\n\
         3\r\nabc\r\n"
    );
    let rest = "2\r\nde\r\n0\r\n\
         Lambda-Runtime-Function-Error-Type: Function.Oops\r\n\
         Lambda-Runtime-Function-Error-Body: eyJhIjoxfQ==\r\n\r\n";
    let mut connection = tokio::net::TcpStream::connect(address).await.unwrap();
    connection.write_all(head.as_bytes()).await.unwrap();
    let Reply::Stream(mut stream) = pending.reply().await else { panic!("it streams") };
    assert_eq!(stream.content_type, "application/octet-stream");
    assert_eq!(stream.chunk().await.as_deref(), Some(&b"abc"[..]), "the rest has not been sent");
    connection.write_all(rest.as_bytes()).await.unwrap();
    let report = ErrorReport { body: Bytes::from_static(b"{\"a\":1}"), error_type: "Function.Oops".into() };
    let expected = (Bytes::from_static(b"de"), 2, StreamEnd::BrokenOff(report));
    assert_eq!(stream.collect(100).await, expected);
    let mut text = String::new();
    connection.read_to_string(&mut text).await.unwrap();
    assert!(text.starts_with("HTTP/1.1 202 "), "{text}");
}

#[tokio::test]
async fn an_answer_cut_short_is_no_answer() {
    let (api, address) = start();
    let mut pending = running(&api, address).await;
    tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        let head =
            format!("POST {BASE}/invocation/a/response HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
        stream.write_all(head.as_bytes()).unwrap();
    })
    .await
    .unwrap();
    assert!(matches!(pending.reply().await, Reply::Truncated));
}

#[tokio::test]
async fn what_is_not_there_is_refused() {
    let (_api, address) = start();
    for (method, path, status) in [
        ("GET", "/ping", 200),
        ("GET", "/2018-06-01/ping", 200),
        ("POST", "/2018-06-01/ping", 405),
        ("PUT", "/2018-06-01/runtime/invocation/a/response", 405),
        ("POST", "/2018-06-01/runtime/invocation/a/response", 403),
        ("GET", "/2018-06-01/runtime/restore/next", 403),
        ("POST", "/2020-01-01/extension/register", 400),
        ("GET", "/2020-01-01/extension/register", 405),
        ("GET", "/2020-01-01/extension/other", 404),
        ("PUT", "/2022-07-01/telemetry", 403),
        ("PUT", "/2022-07-01/telemetry/more", 404),
        ("GET", "/2020-08-15/logs", 405),
        ("GET", "/", 404),
        ("GET", "/2018-06-01/runtime", 404),
    ] {
        assert_eq!(call(address, method, path, b"").await.0, status, "{method} {path}");
    }
}

#[tokio::test]
async fn a_process_that_was_initialised_ahead_goes_on_or_says_why_not() {
    let (next, error) = ("/2018-06-01/runtime/restore/next", "/2018-06-01/runtime/restore/error");
    for fails in [false, true] {
        let (api, address) = start();
        api.expect_restore();
        let waiting = tokio::spawn(async move { call(address, "GET", next, b"").await.0 });
        assert_eq!(api.initialised().await, Initialised::Ready);
        assert_eq!(call(address, "POST", error, b"{}").await.0, 403, "it has not been told to go on");
        api.restore().unwrap();
        assert_eq!(waiting.await.unwrap(), 200);
        if fails {
            let document = br#"{"errorMessage":"no","errorType":"Hook"}"#;
            assert_eq!(call(address, "POST", error, document).await.0, 202);
            assert!(matches!(api.initialised().await, Initialised::Failed(_)));
        } else {
            let _asked = tokio::spawn(ask(address));
            assert_eq!(api.initialised().await, Initialised::Ready);
            assert_eq!(call(address, "GET", next, b"").await.0, 403, "once only");
        }
    }
}

#[tokio::test]
async fn what_a_dead_process_left_in_the_backlog_is_not_heard() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut stale = TcpStream::connect(address).unwrap();
    stale
        .write_all(
            format!("POST {BASE}/init/error HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{{}}").as_bytes(),
        )
        .unwrap();
    let api = RuntimeApi::start(listener, Clock::real()).unwrap();
    let _asked = tokio::spawn(ask(address));
    assert_eq!(api.initialised().await, Initialised::Ready);
}

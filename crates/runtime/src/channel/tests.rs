use super::*;
use clock::Timestamp;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// The process's end.
struct Shim {
    socket: UnixStream,
    decoder: Decoder,
}

fn start() -> (Channel, Shim) {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    theirs.set_nonblocking(true).unwrap();
    let socket = UnixStream::from_std(theirs).unwrap();
    (Channel::new(ours).unwrap(), Shim { socket, decoder: Decoder::default() })
}

impl Shim {
    async fn say(&mut self, kind: Kind, header: &Value, body: &[u8]) {
        let header = if header.is_null() { String::new() } else { header.to_string() };
        let bytes = [&encode(kind, header.as_bytes(), body.len())[..], body].concat();
        self.socket.write_all(&bytes).await.unwrap();
    }

    async fn hear(&mut self) -> (Kind, Value, Bytes) {
        loop {
            if let Some(Frame { kind, header, body: Body::Whole(body) }) = self.decoder.frame().unwrap() {
                return (kind, serde_json::from_slice(&header).unwrap(), body);
            }
            assert!(self.socket.read_buf(self.decoder.buffer()).await.unwrap() > 0);
        }
    }
}

fn invocation(id: &str) -> Invocation {
    Invocation {
        request_id: id.into(),
        payload: Bytes::from_static(b"{\"n\":1}"),
        deadline: Timestamp::from_ms(1_795_235_400_123),
        invoked_arn: "arn:f".into(),
        trace_id: "Root=1".into(),
        client_context: Some("{\"custom\":{}}".into()),
        cognito_identity: None,
        takes_stream: false,
    }
}

async fn idle() -> (Channel, Shim) {
    let (mut channel, mut shim) = start();
    shim.say(Kind::Ready, &Value::Null, b"").await;
    assert_eq!(channel.initialised().await, Ok(Initialised::Ready));
    (channel, shim)
}

#[tokio::test]
async fn a_generic_process_is_specialised_invoked_and_asks_again() {
    let (mut channel, mut shim) = start();
    shim.say(Kind::Loaded, &Value::Null, b"").await;
    channel.loaded().await.unwrap();
    assert!(channel.invoke(invocation("a")).is_err(), "it has not loaded the code");
    channel.specialise(&[("A".into(), "1".into())]);
    shim.say(Kind::Ready, &json!({"packages": ["boto3"]}), b"").await;
    assert_eq!(channel.initialised().await, Ok(Initialised::Ready));
    assert_eq!(channel.packages(), ["boto3"]);
    assert_eq!(shim.hear().await.1, json!({"env": [["A", "1"]]}));

    let mut pending = channel.invoke(invocation("a")).unwrap();
    let answering = async {
        let (kind, header, body) = shim.hear().await;
        let expected = json!({
            "id": "a", "deadline_ms": 1_795_235_400_123_i64, "arn": "arn:f", "trace": "Root=1",
            "client_context": "{\"custom\":{}}",
        });
        assert_eq!((kind, header, &body[..]), (Kind::Invoke, expected, &b"{\"n\":1}"[..]));
        shim.say(Kind::Error, &json!({"id": "before", "error_type": "Function.Old"}), b"{}").await;
        shim.say(Kind::Response, &json!({"id": "a", "content_type": "text/plain"}), b"[2]").await;
        shim.say(Kind::Next, &Value::Null, b"").await;
    };
    match tokio::join!(pending.reply(), answering).0 {
        Reply::Response { body, content_type } => {
            assert_eq!((&body[..], content_type.as_str()), (&b"[2]"[..], "text/plain"));
        }
        other => panic!("{other:?}"),
    }
    channel.idle().await.unwrap();
    assert!(channel.invoke(invocation("b")).is_ok());
}

#[tokio::test]
async fn a_process_that_cannot_start_says_so() {
    let (mut channel, mut shim) = start();
    shim.say(Kind::InitError, &json!({"error_type": "Runtime.ImportModuleError"}), b"{\"a\":1}").await;
    let report = ErrorReport {
        body: Bytes::from_static(b"{\"a\":1}"),
        error_type: "Runtime.ImportModuleError".into(),
    };
    assert_eq!(channel.initialised().await, Ok(Initialised::Failed(report)));
    assert!(channel.invoke(invocation("a")).is_err());
}

#[tokio::test]
async fn a_stream_arrives_while_it_is_made_and_says_how_it_ended() {
    for fails in [false, true] {
        let (mut channel, mut shim) = idle().await;
        let mut pending = channel.invoke(invocation("a")).unwrap();
        shim.say(Kind::StreamStart, &json!({"id": "a", "content_type": "x/y"}), b"").await;
        let Reply::Stream(mut stream) = pending.reply().await else { panic!("it streams") };
        assert_eq!(stream.content_type, "x/y");
        shim.say(Kind::StreamChunk, &Value::Null, b"abc").await;
        let chunk = tokio::select! {
            chunk = stream.chunk() => chunk,
            idle = channel.idle() => panic!("{idle:?} before the end"),
        };
        assert_eq!(chunk.as_deref(), Some(&b"abc"[..]));
        let (header, body) = match fails {
            false => (json!({"id": "a"}), &b""[..]),
            true => (json!({"id": "a", "error_type": "Function.Oops"}), &b"{}"[..]),
        };
        shim.say(Kind::StreamEnd, &header, body).await;
        shim.say(Kind::Next, &Value::Null, b"").await;
        channel.idle().await.unwrap();
        let report = ErrorReport { body: Bytes::from_static(b"{}"), error_type: "Function.Oops".into() };
        let expected = if fails { StreamEnd::BrokenOff(report) } else { StreamEnd::Complete };
        assert_eq!(stream.end().await, expected);
    }
}

#[tokio::test]
async fn a_stream_that_nobody_reads_holds_the_process_back() {
    let (mut channel, mut shim) = idle().await;
    let mut pending = channel.invoke(invocation("a")).unwrap();
    shim.say(Kind::StreamStart, &json!({"id": "a"}), b"").await;
    let Reply::Stream(stream) = pending.reply().await else { panic!("it streams") };
    let piece = vec![0; 64 << 10];
    let writing = tokio::spawn(async move {
        for _ in 0..64 {
            shim.say(Kind::StreamChunk, &Value::Null, &piece).await;
        }
        shim.say(Kind::StreamEnd, &json!({"id": "a"}), b"").await;
        shim.say(Kind::Next, &Value::Null, b"").await;
    });
    let mut waited = 0;
    while waited < 100 {
        tokio::select! {
            biased;
            idle = channel.idle() => panic!("{idle:?} with nobody reading"),
            () = tokio::task::yield_now() => waited += 1,
        }
    }
    assert!(!writing.is_finished());
    let (read, idle) = tokio::join!(stream.collect(0), channel.idle());
    assert_eq!((read.1, read.2, idle), (64 * (64 << 10), StreamEnd::Complete, Ok(())));
}

#[tokio::test]
async fn a_large_event_passes_a_socket_that_is_smaller() {
    let (mut channel, mut shim) = idle().await;
    let payload = Bytes::from(vec![b'x'; 6 << 20]);
    let mut pending = channel.invoke(Invocation { payload: payload.clone(), ..invocation("a") }).unwrap();
    let answering = async {
        assert_eq!(shim.hear().await.2, payload);
        shim.say(Kind::Response, &json!({"id": "a"}), &vec![b'y'; BODY_BYTES_MAX + 1]).await;
    };
    let (reply, ()) = tokio::join!(pending.reply(), answering);
    assert!(matches!(reply, Reply::TooLarge(size) if size == BODY_BYTES_MAX as u64 + 1), "{reply:?}");
}

#[tokio::test]
async fn what_breaks_the_rules_ends_the_conversation() {
    for kind in [Kind::Ready, Kind::Next, Kind::Loaded, Kind::Invoke, Kind::StreamChunk] {
        let (mut channel, mut shim) = idle().await;
        let mut pending = channel.invoke(invocation("a")).unwrap();
        shim.say(kind, &Value::Null, b"").await;
        assert!(matches!(pending.reply().await, Reply::Truncated), "{kind:?}");
        assert_eq!(channel.idle().await, Err(Broken));
        assert!(channel.invoke(invocation("b")).is_err());
    }
    let (mut channel, mut shim) = start();
    shim.socket.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    assert_eq!(channel.initialised().await, Err(Broken));
}

#[tokio::test]
async fn a_closed_end_is_no_answer() {
    let (mut channel, shim) = idle().await;
    drop(shim);
    let mut pending = channel.invoke(invocation("a")).unwrap();
    let answered = tokio::select! {
        biased;
        reply = pending.reply() => Some(reply),
        () = tokio::task::yield_now() => None,
    };
    assert!(answered.is_none(), "{answered:?}");
}

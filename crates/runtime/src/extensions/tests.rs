use super::*;
use crate::api::RuntimeApi;
use crate::failure::Exit;
use serde_json::{Value, json};
use std::net::{SocketAddr, TcpListener};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// The API of one start, and a client that speaks to it in plain text.
struct Api {
    extensions: Extensions,
    address: SocketAddr,
    _api: RuntimeApi,
}

struct Answer {
    status: u16,
    head: String,
    body: Value,
}

impl Answer {
    fn header(&self, name: &str) -> String {
        let line = self.head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.unwrap_or_default().to_owned()
    }

    fn error(&self) -> (u16, &str) {
        (self.status, self.body["errorType"].as_str().unwrap_or_default())
    }
}

fn api(external: &[&str]) -> Api {
    let clock = Clock::real();
    let facts = Facts {
        function_name: "f".into(),
        function_version: "7".into(),
        handler: "index.handler".into(),
        account_id: "000000000000".into(),
    };
    let external: Vec<String> = external.iter().map(|name| (*name).to_owned()).collect();
    let extensions = Extensions::new(facts, &external, Telemetry::new(clock.clone()), clock.clone());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let api = RuntimeApi::with_extensions(listener, extensions.clone(), clock).unwrap();
    Api { extensions, address, _api: api }
}

async fn call(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let request = format!(
        "{method} /2020-01-01/extension{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
         Content-Length: {}\r\n{headers}\r\n{body}",
        body.len()
    );
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    Answer {
        status: head[9..12].parse().unwrap(),
        head: head.to_owned(),
        body: serde_json::from_str(body).unwrap_or_default(),
    }
}

async fn register(api: &Api, name: &str, events: &[&str]) -> Answer {
    let body = json!({ "events": events }).to_string();
    call(api.address, "POST", "/register", &[("Lambda-Extension-Name", name)], &body).await
}

async fn registered(api: &Api, name: &str, events: &[&str]) -> String {
    let answer = register(api, name, events).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.header("lambda-extension-identifier")
}

/// A call for the next event that is under way.
fn next(api: &Api, id: &str) -> tokio::task::JoinHandle<Answer> {
    let (address, id) = (api.address, id.to_owned());
    tokio::spawn(async move {
        call(address, "GET", "/event/next", &[("Lambda-Extension-Identifier", &id)], "").await
    })
}

fn event() -> InvokeEvent {
    InvokeEvent {
        request_id: "r".into(),
        deadline: Timestamp::from_ms(676_051),
        invoked_arn: "arn".into(),
        trace_id: "Root=1".into(),
    }
}

async fn error_report(api: &Api, path: &str, id: &str) -> Answer {
    let headers =
        [("Lambda-Extension-Identifier", id), ("Lambda-Extension-Function-Error-Type", "Fatal.Oops")];
    call(api.address, "POST", path, &headers, "{}").await
}

#[tokio::test]
async fn an_extension_registers_hears_of_invocations_and_of_the_end() {
    let api = api(&["agent"]);
    let headers = [("Lambda-Extension-Name", "agent"), ("Lambda-Extension-Accept-Feature", "accountId")];
    let body = r#"{"events":["INVOKE","SHUTDOWN"]}"#;
    let answer = call(api.address, "POST", "/register", &headers, body).await;
    let expected = json!({"functionName": "f", "functionVersion": "7", "handler": "index.handler",
                          "accountId": "000000000000"});
    assert_eq!((answer.status, &answer.body), (200, &expected));
    let id = answer.header("lambda-extension-identifier");
    assert_eq!(id.len(), 36);
    api.extensions.registered().await;

    let waiting = next(&api, &id);
    api.extensions.ready().await;
    api.extensions.invoke(&event());
    let answer = waiting.await.unwrap();
    let expected = json!({"eventType": "INVOKE", "deadlineMs": 676_051, "requestId": "r",
                          "invokedFunctionArn": "arn",
                          "tracing": {"type": "X-Amzn-Trace-Id", "value": "Root=1"}});
    assert_eq!((answer.status, &answer.body), (200, &expected));
    assert_eq!(answer.header("lambda-extension-event-identifier").len(), 36);

    let waiting = next(&api, &id);
    api.extensions.idle().await;
    api.extensions.shutdown(ShutdownReason::Timeout, Timestamp::from_ms(2000));
    let expected = json!({"eventType": "SHUTDOWN", "shutdownReason": "timeout", "deadlineMs": 2000});
    assert_eq!(waiting.await.unwrap().body, expected);
    assert_eq!(
        api.extensions.report(),
        [AgentReport { name: "agent".into(), state: "Ready", events: "INVOKE,SHUTDOWN", error_type: None }]
    );
}

#[tokio::test]
async fn who_does_not_want_invocations_is_not_waited_for() {
    let api = api(&["quiet"]);
    let id = registered(&api, "quiet", &["SHUTDOWN"]).await;
    let waiting = next(&api, &id);
    api.extensions.ready().await;
    api.extensions.invoke(&event());
    api.extensions.idle().await;
    assert!(api.extensions.wants_shutdown("quiet") && !api.extensions.has_internal());
    api.extensions.shutdown(ShutdownReason::Spindown, Timestamp::from_ms(1));
    assert_eq!(waiting.await.unwrap().body["shutdownReason"], "spindown");
}

#[tokio::test]
async fn an_internal_extension_registers_before_the_runtime_is_ready_and_not_for_the_end() {
    let api = api(&[]);
    let refused = register(&api, "inside", &["SHUTDOWN"]).await;
    assert_eq!(refused.error(), (403, "Extension.InvalidEventType"));
    let id = registered(&api, "inside", &["INVOKE"]).await;
    assert!(api.extensions.has_internal());
    let _waiting = next(&api, &id);
    api.extensions.ready().await;
    assert_eq!(register(&api, "late", &[]).await.error(), (403, "Extension.RegistrationClosed"));
}

#[tokio::test]
async fn wrong_calls_are_refused_in_the_words_of_the_service() {
    let api = api(&["agent"]);
    let id = registered(&api, "agent", &[]).await;
    let check = |answer: Answer, expected: (u16, &str)| assert_eq!(answer.error(), expected);
    check(register(&api, "agent", &[]).await, (403, "Extension.InvalidExtensionState"));
    check(register(&api, "", &[]).await, (403, "Extension.InvalidExtensionName"));
    check(register(&api, "other", &["OTHER"]).await, (403, "Extension.InvalidEventType"));
    check(call_next(&api, "").await, (403, "Extension.MissingExtensionIdentifier"));
    check(call_next(&api, "nonsense").await, (403, "Extension.InvalidExtensionIdentifier"));
    check(
        call_next(&api, "00000000-0000-0000-0000-000000000000").await,
        (403, "Extension.UnknownExtensionIdentifier"),
    );
    let headers = [("Lambda-Extension-Identifier", id.as_str())];
    let missing = call(api.address, "POST", "/init/error", &headers, "{}").await;
    check(missing, (403, "Extension.MissingHeader"));
    for number in 1..EXTENSIONS_MAX {
        registered(&api, &format!("inside-{number}"), &[]).await;
    }
    check(register(&api, "one-too-many", &[]).await, (403, "Extension.TooManyExtensions"));
}

async fn call_next(api: &Api, id: &str) -> Answer {
    call(api.address, "GET", "/event/next", &[("Lambda-Extension-Identifier", id)], "").await
}

#[tokio::test]
async fn reported_errors_end_it() {
    let api = api(&["a", "b"]);
    let id = registered(&api, "a", &["INVOKE"]).await;
    assert_eq!(error_report(&api, "/init/error", &id).await.status, 202);
    let failure = api.extensions.failed().await;
    assert_eq!((failure.error_type, failure.reason.as_str()), ("Extension.InitError", "Fatal.Oops"));
    assert_eq!(call_next(&api, &id).await.error(), (403, "Extension.InvalidExtensionState"));
    let failure = api.extensions.exited("a", &ExtensionFailure::exit_text(Exit::Code(0)));
    assert_eq!((failure.error_type, failure.reason.as_str()), ("Extension.InitError", "exit code 0"));
    assert_eq!(
        &failure.document("r").body[..],
        br#"{"errorMessage":"RequestId: r Error: exit code 0","errorType":"Extension.InitError"}"#
    );
    let failure = api.extensions.exited("b", &ExtensionFailure::exit_text(Exit::Code(255)));
    assert_eq!((failure.error_type, failure.reason.as_str()), ("Extension.Crash", "exit status 255"));
    let states: Vec<_> = api.extensions.report().into_iter().map(|agent| agent.state).collect();
    assert_eq!(states, ["InitError", "Exited"]);
}

#[tokio::test]
async fn an_exit_error_may_come_while_an_event_is_awaited() {
    let api = api(&["a"]);
    let id = registered(&api, "a", &["INVOKE"]).await;
    let waiting = next(&api, &id);
    api.extensions.ready().await;
    let early = error_report(&api, "/init/error", &id).await;
    assert_eq!(early.error(), (403, "Extension.InvalidExtensionState"));
    assert_eq!(error_report(&api, "/exit/error", &id).await.status, 202);
    assert_eq!(waiting.await.unwrap().error(), (403, "Extension.InvalidExtensionState"));
    assert_eq!(api.extensions.failed().await.error_type, "Extension.ExitError");
}

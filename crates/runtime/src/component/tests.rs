use super::*;
use crate::api::{Invocation, Reply};
use bytes::Bytes;
use clock::Timestamp;
use http::Response;
use serde_json::{Value, json};

fn invocation(payload: impl Into<Bytes>) -> Invocation {
    Invocation {
        request_id: "id".into(),
        payload: payload.into(),
        deadline: Timestamp::from_ms(5),
        invoked_arn: "arn".into(),
        trace_id: "Root=1".into(),
        client_context: Some("{}".into()),
        cognito_identity: None,
        takes_stream: false,
    }
}

fn url_event(change: impl FnOnce(&mut Value)) -> Invocation {
    let mut event = json!({
        "version": "2.0",
        "rawPath": "/a%20b",
        "rawQueryString": "c=d",
        "headers": {
            "host": "x.lambda-url", "x-forwarded-proto": "http", "accept": "*/*",
            "lambda-runtime-aws-request-id": "forged", "x-amzn-request-context": "forged",
        },
        "cookies": ["e=f", "g=h"],
        "requestContext": { "http": { "method": "PUT" }, "accountId": "1" },
        "body": "aGk=",
        "isBase64Encoded": true,
    });
    change(&mut event);
    invocation(event.to_string())
}

#[test]
fn an_event_of_a_url_is_the_request_it_stands_for() {
    let Asked { request, is_web } = request(&url_event(|_| {}));
    assert!(is_web);
    assert_eq!(
        (request.method().as_str(), request.uri().to_string().as_str()),
        ("PUT", "http://x.lambda-url/a%20b?c=d")
    );
    assert_eq!(request.body(), "hi");
    let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap());
    for (name, value) in [
        ("accept", Some("*/*")),
        ("cookie", Some("e=f; g=h")),
        ("lambda-runtime-aws-request-id", Some("id")),
        ("lambda-runtime-deadline-ms", Some("5")),
        ("lambda-runtime-client-context", Some("{}")),
        ("lambda-runtime-cognito-identity", None),
    ] {
        assert_eq!(header(name), value, "{name}");
    }
    let context: Value = serde_json::from_str(header("x-amzn-request-context").unwrap()).unwrap();
    assert_eq!(context["accountId"], "1");
}

#[test]
fn every_other_event_is_posted_as_it_is() {
    let strange: [Invocation; 6] = [
        invocation(r#"{"version":"2.0"}"#),
        invocation("[1]"),
        url_event(|event| event["version"] = json!("1.0")),
        url_event(|event| event["rawPath"] = json!("http://elsewhere/")),
        url_event(|event| event["headers"]["a b"] = json!("no name")),
        url_event(|event| event["body"] = json!("no base64")),
    ];
    for invocation in strange {
        let Asked { request, is_web } = request(&invocation);
        assert!(!is_web, "{:?}", invocation.payload);
        assert_eq!((request.method().as_str(), request.uri().path()), ("POST", "/"));
        assert_eq!(request.body(), &invocation.payload);
        assert_eq!(request.headers()["content-type"], "application/json");
    }
}

#[test]
fn a_command_finds_the_same_in_its_variables() {
    let variables: std::collections::BTreeMap<_, _> = variables(&invocation("")).into_iter().collect();
    assert_eq!(variables["LAMBDA_RUNTIME_AWS_REQUEST_ID"], "id");
    assert_eq!(variables["_X_AMZN_TRACE_ID"], "Root=1");
    assert!(!variables.contains_key("LAMBDA_RUNTIME_TRACE_ID"));
}

fn answered(status: u16, body: &'static [u8], is_web: bool) -> Reply {
    let response = Response::builder()
        .status(status)
        .header("content-type", "text/plain")
        .header("set-cookie", "a=b")
        .header("vary", "x")
        .header("vary", "y");
    super::response(response.body(Bytes::from_static(body)).unwrap(), is_web)
}

fn body(reply: Reply) -> (Value, String) {
    match reply {
        Reply::Response { body, content_type } => (serde_json::from_slice(&body).unwrap(), content_type),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_response_is_told_as_the_event_asks_for() {
    let expected = json!({
        "statusCode": 404, "headers": { "content-type": "text/plain", "vary": "x,y" }, "cookies": ["a=b"],
        "body": "gone", "isBase64Encoded": false,
    });
    assert_eq!(body(answered(404, b"gone", true)), (expected, "application/json".into()));
    let (binary, _) = body(answered(200, b"\xff", true));
    assert_eq!((&binary["body"], &binary["isBase64Encoded"]), (&json!("/w=="), &json!(true)));
    assert_eq!(body(answered(200, b"1", false)), (json!(1), "text/plain".into()));
    assert_eq!(body(answered(204, b"", false)).0, Value::Null);
    match answered(500, b"broken", false) {
        Reply::Error(report) => {
            assert_eq!(report.error_type, "HTTP500");
            assert_eq!(report.body, r#"{"errorMessage":"broken","errorType":"HTTP500"}"#);
        }
        other => panic!("{other:?}"),
    }
    match answered(500, br#"{"errorMessage":"m","errorType":"T"}"#, false) {
        Reply::Error(report) => assert_eq!(report.error_type, "T"),
        other => panic!("{other:?}"),
    }
    assert_eq!(body(output(Bytes::new())).0, Value::Null);
}

#[test]
fn code_is_a_component_unless_it_brings_a_bootstrap() {
    let dir = tempfile::tempdir().unwrap();
    let (code, layer) = (dir.path().join("code"), dir.path().join("layer"));
    std::fs::create_dir(&code).unwrap();
    std::fs::create_dir(&layer).unwrap();
    let layers = [layer.clone()];
    assert_eq!(find(&code, &layers), None);
    std::fs::write(code.join("bootstrap.wasm"), "").unwrap();
    assert_eq!(find(&code, &layers), Some(code.join("bootstrap.wasm")));
    std::fs::write(layer.join("bootstrap"), "").unwrap();
    assert_eq!(find(&code, &layers), None, "it may be what runs the component");
    assert_eq!(find(&code, &[]), Some(code.join("bootstrap.wasm")));
    std::fs::write(code.join("bootstrap"), "").unwrap();
    assert_eq!(find(&code, &[]), None);
}

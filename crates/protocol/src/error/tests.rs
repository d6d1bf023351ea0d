use clock::{Clock, Timestamp};
use serde_json::Value;

use super::*;
use crate::{
    RequestId,
    model::{Dialect, Member, Shape},
};

static TEXT: Shape = Shape::string("Text");
static NOT_FOUND: ErrorShape = ErrorShape {
    name: "ResourceNotFoundException",
    code: "ResourceNotFoundException",
    status: Some(404),
    sender: true,
    members: &[Member::new("Type", &TEXT), Member::new("Message", &TEXT)],
};
static CONFLICT: ErrorShape = ErrorShape {
    name: "ResourceConflictException",
    code: "ResourceConflictException",
    status: Some(409),
    sender: true,
    members: &[Member::new("Type", &TEXT), Member::new("message", &TEXT)],
};

static ERRORS: &[&ErrorShape] = &[&NOT_FOUND, &CONFLICT];

fn service(protocol: Protocol, dialect: Dialect) -> Service {
    Service {
        name: "test",
        protocol,
        dialect,
        api_version: "",
        target_prefix: None,
        xml_namespace: Some("urn:x"),
        operations: &[],
        all_operations: &[],
        errors: ERRORS,
    }
}

fn render(protocol: Protocol, dialect: Dialect, error: &WireError) -> (http::response::Parts, String) {
    let request_id = RequestId::new(&Clock::simulated(Timestamp::EPOCH, 1));
    let (parts, body) = error.render(&service(protocol, dialect), &request_id).into_parts();
    (parts, String::from_utf8(body.to_vec()).unwrap())
}

#[test]
fn s3_errors_stand_alone_and_carry_their_fields() {
    let error = WireError::new("NoSuchKey", StatusCode::NOT_FOUND, "The specified key does not exist.")
        .field("Key", "a<b");
    let (parts, body) = render(Protocol::RestXml, Dialect::S3, &error);
    assert_eq!(parts.status, 404);
    assert_eq!(parts.headers["content-type"], "application/xml");
    let id = parts.headers["x-amz-request-id"].to_str().unwrap();
    let host = parts.headers["x-amz-id-2"].to_str().unwrap();
    assert!(id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_eq!(
        body,
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>NoSuchKey</Code><Message>The specified \
             key does not exist.</Message><Key>a&lt;b</Key><RequestId>{id}</RequestId><HostId>{host}</HostId>\
             </Error>"
        )
    );
    let unchanged = WireError::new("NotModified", StatusCode::NOT_MODIFIED, "");
    assert_eq!(render(Protocol::RestXml, Dialect::S3, &unchanged).1, "");
}

#[test]
fn rest_errors_name_their_message_as_their_model_does() {
    let check = |error: WireError, expected: &str| {
        let code = error.code.clone();
        let (parts, body) = render(Protocol::RestJson, Dialect::Standard, &error);
        assert_eq!(parts.headers["x-amzn-errortype"], code.as_ref());
        assert_eq!(parts.headers["x-amzn-requestid"].len(), 36);
        assert_eq!(body, expected);
    };
    check(WireError::declared(&NOT_FOUND, "no"), r#"{"Message":"no","Type":"User"}"#);
    check(WireError::declared(&CONFLICT, "no"), r#"{"Type":"User","message":"no"}"#);
    check(WireError::new("ValidationException", StatusCode::BAD_REQUEST, "no"), r#"{"message":"no"}"#);
}

#[test]
fn json_errors_name_their_type() {
    let error = WireError::new("ValidationException", StatusCode::BAD_REQUEST, "no");
    let (parts, body) = render(Protocol::Json10, Dialect::Standard, &error);
    assert_eq!(parts.headers["content-type"], "application/x-amz-json-1.0");
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body, serde_json::json!({"__type": "ValidationException", "message": "no"}));
}

#[test]
fn query_errors_are_wrapped() {
    let error = WireError::new("InvalidClientTokenId", StatusCode::FORBIDDEN, "no");
    let (parts, body) = render(Protocol::Query, Dialect::Standard, &error);
    let id = parts.headers["x-amzn-requestid"].to_str().unwrap();
    assert_eq!(
        body,
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ErrorResponse xmlns=\"urn:x\"><Error><Type>Sender\
             </Type><Code>InvalidClientTokenId</Code><Message>no</Message></Error><RequestId>{id}</RequestId>\
             </ErrorResponse>"
        )
    );
}

#[test]
fn an_operation_that_is_missing_is_never_a_fault_of_ours() {
    for protocol in [Protocol::RestXml, Protocol::RestJson, Protocol::Json11, Protocol::Query] {
        let service = service(protocol, Dialect::Standard);
        let error = WireError::unknown_operation(&service, Some("PutBucketAcl"));
        assert!(error.status.is_client_error() && error.message.contains("PutBucketAcl"));
    }
}

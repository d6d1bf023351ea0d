//! The published protocol vectors, read the other way round: their serialised requests are parsed, their
//! results are serialised. Written for clients; the few that no server can hold to are named below.

mod tables;

use std::{collections::BTreeSet, fs};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::Response;
use serde_json::{Map, Value};

use crate::{
    RequestId, decode, encode,
    error::WireError,
    model::{Kind, Location, Operation, Protocol, Shape},
    route,
    testing::shared_data,
    xml::{self, Element},
};

const FILES: &[&str] = &["rest-xml", "rest-json", "json", "json_1_0", "json_1_0-query-compatible", "query"];

/// Only shrinks. Each with what it asks for.
const REQUESTS_KNOWN: &[(&str, &str)] = &[
    ("rest-xml/SDKAppliedContentEncoding_restXml", "a compressed request, whose body the vector leaves out"),
    (
        "rest-xml/SDKAppendedGzipAfterProvidedEncoding_restXml",
        "a compressed request, whose body the vector leaves out",
    ),
    (
        "rest-xml/QueryIdempotencyTokenAutoFill",
        "the client makes up the token; the parameters do not name it",
    ),
    ("rest-xml/RestXmlQueryPrecedence", "what a client writes when two members disagree"),
    (
        "rest-json/RestJsonAllQueryStringTypes",
        "a parameter that another member takes is not repeated in the map of all",
    ),
    (
        "rest-json/RestJsonQueryStringEscaping",
        "a parameter that another member takes is not repeated in the map of all",
    ),
    (
        "rest-json/RestJsonSupportsNaNFloatQueryValues",
        "a parameter that another member takes is not repeated in the map of all",
    ),
    (
        "rest-json/RestJsonSupportsInfinityFloatQueryValues",
        "a parameter that another member takes is not repeated in the map of all",
    ),
    (
        "rest-json/RestJsonSupportsNegativeInfinityFloatQueryValues",
        "a parameter that another member takes is not repeated in the map of all",
    ),
    (
        "rest-json/RestJsonZeroAndFalseQueryValues",
        "a parameter that another member takes is not repeated in the map of all",
    ),
    ("rest-json/RestJsonHostWithPath", "the endpoint has a path of its own"),
    (
        "rest-json/SDKAppliedContentEncoding_restJson1",
        "a compressed request, whose body the vector leaves out",
    ),
    (
        "rest-json/SDKAppendedGzipAfterProvidedEncoding_restJson1",
        "a compressed request, whose body the vector leaves out",
    ),
    (
        "rest-json/RestJsonQueryIdempotencyTokenAutoFill",
        "the client makes up the token; the parameters do not name it",
    ),
    ("rest-json/RestJsonQueryPrecedence", "what a client writes when two members disagree"),
    ("json/SDKAppliedContentEncoding_awsJson1_1", "a compressed request, whose body the vector leaves out"),
    (
        "json/SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_1",
        "a compressed request, whose body the vector leaves out",
    ),
    (
        "json_1_0/SDKAppliedContentEncoding_awsJson1_0",
        "a compressed request, whose body the vector leaves out",
    ),
    (
        "json_1_0/SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_0",
        "a compressed request, whose body the vector leaves out",
    ),
    ("query/SDKAppliedContentEncoding_awsQuery", "a compressed request, whose body the vector leaves out"),
    (
        "query/SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsQuery",
        "a compressed request, whose body the vector leaves out",
    ),
    (
        "query/QueryProtocolIdempotencyTokenAutoFill",
        "the client makes up the token; the parameters do not name it",
    ),
];

/// Only shrinks. Each with what it asks for.
const RESPONSES_KNOWN: &[(&str, &str)] = &[
    ("rest-xml/RestXmlDateTimeWithNegativeOffset", "clients read offsets; servers write none"),
    ("rest-xml/RestXmlDateTimeWithPositiveOffset", "clients read offsets; servers write none"),
    ("rest-xml/IgnoreQueryParamsInResponse", "an empty document where the body has no members"),
    (
        "rest-xml/SimpleScalarPropertiesWithXMLPreamble",
        "clients skip text between elements; servers write none",
    ),
    ("rest-json/RestJsonDateTimeWithNegativeOffset", "clients read offsets; servers write none"),
    ("rest-json/RestJsonDateTimeWithPositiveOffset", "clients read offsets; servers write none"),
    ("rest-json/RestJsonDeserializesDenseSetMapAndSkipsNull", "clients read nulls; servers write none"),
    ("rest-json/RestJsonDeserializeIgnoreType", "clients skip type tags; servers write none"),
    ("rest-json/RestJsonDoesntDeserializeNullStructureValues", "clients read nulls; servers write none"),
    ("json/AwsJson11DateTimeWithNegativeOffset", "clients read offsets; servers write none"),
    ("json/AwsJson11DateTimeWithPositiveOffset", "clients read offsets; servers write none"),
    ("json/handles_unexpected_json_output", "clients skip members that they do not know; servers have none"),
    ("json/AwsJson11DeserializeIgnoreType", "clients skip type tags; servers write none"),
    ("json/AwsJson11StructuresDontDeserializeNullValues", "clients read nulls; servers write none"),
    ("json_1_0/AwsJson10DeserializeIgnoreType", "clients skip type tags; servers write none"),
    ("json_1_0/AwsJson10DeserializeAllowNulls", "clients read nulls; servers write none"),
    (
        "json_1_0/AwsJson10HandlesUnexpectedJsonOutput",
        "clients skip members that they do not know; servers have none",
    ),
    (
        "query/AwsQueryDateTimeWithNegativeOffset",
        "a parameter that another member takes is not repeated in the map of all",
    ),
    (
        "query/AwsQueryDateTimeWithPositiveOffset",
        "a parameter that another member takes is not repeated in the map of all",
    ),
];

#[test]
fn requests_are_read_as_their_clients_meant_them() {
    let Some(folder) = shared_data("aws-protocol-vectors/input") else { return };
    let mut failed = Vec::new();
    let mut count = 0;
    for file in FILES {
        for suite in read_suites(&folder.join(format!("{file}.json"))) {
            for case in suite["cases"].as_array().unwrap() {
                count += 1;
                let operation = tables::operation(&suite, &case["given"]);
                if let Err(reason) = check_request(operation, case) {
                    failed.push((format!("{file}/{}", case["id"].as_str().unwrap()), reason));
                }
            }
        }
    }
    assert_eq!(count, 321);
    compare(&failed, REQUESTS_KNOWN);
}

#[test]
fn responses_are_written_as_their_clients_read_them() {
    let Some(folder) = shared_data("aws-protocol-vectors/output") else { return };
    let mut failed = Vec::new();
    let mut count = 0;
    for file in FILES {
        for suite in read_suites(&folder.join(format!("{file}.json"))) {
            for case in suite["cases"].as_array().unwrap() {
                count += 1;
                let operation = tables::operation(&suite, &case["given"]);
                if let Err(reason) = check_response(operation, case) {
                    failed.push((format!("{file}/{}", case["id"].as_str().unwrap()), reason));
                }
            }
        }
    }
    assert_eq!(count, 299);
    compare(&failed, RESPONSES_KNOWN);
}

fn compare(failed: &[(String, String)], known: &[(&str, &str)]) {
    let failed_names: BTreeSet<&str> = failed.iter().map(|(name, _)| name.as_str()).collect();
    let known_names: BTreeSet<&str> = known.iter().map(|(name, _)| *name).collect();
    let new: Vec<_> = failed.iter().filter(|(name, _)| !known_names.contains(name.as_str())).collect();
    assert!(new.is_empty(), "{} fail that did not:\n{new:#?}", new.len());
    let mended: Vec<_> = known_names.difference(&failed_names).collect();
    assert!(mended.is_empty(), "no longer fail, take them off the list: {mended:?}");
}

fn read_suites(path: &std::path::Path) -> Vec<Value> {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn check_request(operation: &'static Operation, case: &Value) -> Result<(), String> {
    let sent = &case["serialized"];
    let text = |name: &str| sent[name].as_str().unwrap_or_default();
    let mut request = http::Request::builder().method(text("method")).uri(text("uri"));
    for (name, value) in sent["headers"].as_object().into_iter().flatten() {
        request = request.header(name, value.as_str().unwrap());
    }
    let (parts, ()) = request.body(()).map_err(|error| error.to_string())?.into_parts();
    let route = route::find(
        operation.service.all_operations,
        &parts.method,
        parts.uri.path(),
        parts.uri.query(),
        &parts.headers,
    );
    let labels = match operation.service.protocol {
        Protocol::RestXml | Protocol::RestJson => route.map_err(|e| e.to_string())?.ok_or("no route")?.labels,
        _ => Vec::new(),
    };
    let body = text("body").as_bytes();
    let given = (!operation.takes_bytes()).then_some(body);
    let mut tree = decode::read(operation, &parts, given, &labels).map_err(|error| format!("{error:?}"))?;
    let mut expected = Value::Object(Map::new());
    if let Some(shape) = operation.input {
        expected = to_tree(shape, &case["params"]);
        if let (true, Some(member)) = (operation.takes_bytes(), shape.payload_member())
            && !body.is_empty()
        {
            tree[member.name] = STANDARD.encode(body).into();
        }
    }
    prune(&mut tree);
    prune(&mut expected);
    if same(&tree, &expected) { Ok(()) } else { Err(format!("read {tree}, expected {expected}")) }
}

fn check_response(operation: &'static Operation, case: &Value) -> Result<(), String> {
    let expected = &case["response"];
    let clock = clock::Clock::simulated(clock::Timestamp::EPOCH, 1);
    let request_id = RequestId::new(&clock);
    if let Some(code) = case["errorCode"].as_str() {
        return check_error(operation, code, case, &request_id);
    }
    let tree = operation.output.map_or(Value::Null, |shape| to_tree(shape, &case["result"]));
    let mut output = tree.clone();
    let mut bytes = None;
    if let (true, Some(member)) =
        (operation.gives_bytes(), operation.output.and_then(|shape| shape.payload_member()))
        && let Some(payload) = output.as_object_mut().and_then(|fields| fields.remove(member.name))
    {
        bytes = payload.as_str().and_then(|text| STANDARD.decode(text).ok());
    }
    let response = encode::encode(operation, &output, &request_id).map_err(|error| error.to_string())?;
    if response.status().as_u16() != expected["status_code"] {
        return Err(format!("status {}", response.status()));
    }
    check_headers(operation, &response, &expected["headers"])?;
    let body = expected["body"].as_str().unwrap_or_default();
    let written = bytes.map_or(response.body().clone(), Bytes::from);
    check_body(operation, &written, body.as_bytes())
}

fn check_headers(operation: &Operation, response: &Response<Bytes>, expected: &Value) -> Result<(), String> {
    for (name, value) in expected.as_object().into_iter().flatten() {
        let bound = operation.output.is_some_and(|shape| {
            shape.members().iter().any(|member| match member.location {
                Location::Header => member.wire_name.eq_ignore_ascii_case(name),
                Location::Headers => name.to_lowercase().starts_with(&member.wire_name.to_lowercase()),
                _ => false,
            })
        });
        let written = response.headers().get(name).and_then(|value| value.to_str().ok());
        let plain = |text: &str| text.replace('"', "");
        if bound && written.map(plain) != value.as_str().map(plain) {
            return Err(format!("header {name}: {written:?}, expected {value}"));
        }
    }
    Ok(())
}

fn check_body(operation: &Operation, written: &[u8], expected: &[u8]) -> Result<(), String> {
    let (shown, wanted) = (String::from_utf8_lossy(written), String::from_utf8_lossy(expected));
    let differ = || Err(format!("wrote {shown}\nexpected {wanted}"));
    if operation
        .output
        .and_then(Shape::payload_member)
        .is_some_and(|member| matches!(member.shape.kind, Kind::Blob | Kind::String))
    {
        return if written == expected { Ok(()) } else { differ() };
    }
    let is_xml = matches!(operation.service.protocol, Protocol::RestXml | Protocol::Query);
    if expected.trim_ascii().is_empty() {
        // An empty object is as good as nothing to every client.
        let empty = written.is_empty() || written == b"{}" || is_xml;
        return if empty { Ok(()) } else { differ() };
    }
    if is_xml {
        let read = |bytes| xml::parse(bytes).map_err(|error| error.to_string());
        let (mut written, mut expected) = (read(written)?, read(expected)?);
        if operation.service.protocol == Protocol::Query {
            // The vectors leave the metadata out.
            written.children.retain(|child| child.name != "ResponseMetadata");
        }
        normalise(&mut written);
        normalise(&mut expected);
        // Clients look at no root's name.
        written.name.clone_from(&expected.name);
        return if written == expected { Ok(()) } else { differ() };
    }
    let read = |bytes| serde_json::from_slice::<Value>(bytes).map_err(|error| error.to_string());
    if same(&read(written)?, &read(expected)?) { Ok(()) } else { differ() }
}

/// Blanks between elements do not matter, nor does the order of elements of different names, nor that of
/// a map's entries.
fn normalise(element: &mut Element) {
    element.text = element.text.trim().to_owned();
    element.children.iter_mut().for_each(normalise);
    let key = |element: &Element| match element.children.as_slice() {
        [key, _] => key.text.clone(),
        _ => String::new(),
    };
    element.children.sort_by_key(|child| (child.name.clone(), key(child)));
}

/// A client finds the error's name and status; further members are the caller's text fields.
fn check_error(
    operation: &'static Operation,
    code: &str,
    case: &Value,
    request_id: &RequestId,
) -> Result<(), String> {
    let service = operation.service;
    let expected = &case["response"];
    let status = expected["status_code"].as_u64().and_then(|status| u16::try_from(status).ok());
    let status = http::StatusCode::from_u16(status.unwrap_or_default()).map_err(|error| error.to_string())?;
    let message = case["errorMessage"].as_str().unwrap_or_default();
    let error = WireError::new(code.to_owned(), status, message);
    let response = error.render(service, request_id);
    let body = response.body();
    let (found, told) = match service.protocol {
        Protocol::RestJson | Protocol::Json10 | Protocol::Json11 => {
            let value: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
            let header = response.headers().get("x-amzn-errortype").and_then(|value| value.to_str().ok());
            let told = value.get("message").or(value.get("Message")).and_then(Value::as_str);
            let found = header.or(value["__type"].as_str());
            (found.map(str::to_owned), told.map(str::to_owned))
        }
        Protocol::RestXml | Protocol::Query => {
            let root = xml::parse(body).map_err(|error| error.to_string())?;
            let inner = root.children.into_iter().find(|child| child.name == "Error").ok_or("no Error")?;
            let text =
                |name| inner.children.iter().find(|child| child.name == name).map(|child| child.text.clone());
            (text("Code"), text("Message"))
        }
    };
    match found.as_deref() == Some(code) && told.as_deref() == Some(message) && response.status() == status {
        true => Ok(()),
        false => Err(format!("{found:?} {told:?}")),
    }
}

/// The vectors' values as our trees hold them: blobs become base64.
fn to_tree(shape: &Shape, value: &Value) -> Value {
    match (shape.kind, value) {
        (Kind::Blob, Value::String(text)) => STANDARD.encode(text).into(),
        (Kind::Structure { members, .. }, Value::Object(fields)) => {
            let fields = fields.iter().map(|(name, value)| {
                let member = members.iter().find(|member| member.name == name);
                (name.clone(), member.map_or(value.clone(), |member| to_tree(member.shape, value)))
            });
            Value::Object(fields.collect())
        }
        (Kind::List { member, .. }, Value::Array(entries)) => {
            entries.iter().map(|entry| to_tree(member, entry)).collect()
        }
        (Kind::Map { value: shape, .. }, Value::Object(entries)) => {
            Value::Object(entries.iter().map(|(key, value)| (key.clone(), to_tree(shape, value))).collect())
        }
        (_, value) => value.clone(),
    }
}

/// Clients leave out what is null or empty.
fn prune(tree: &mut Value) {
    if let Some(fields) = tree.as_object_mut() {
        fields.retain(|_, value| match value {
            Value::Null => false,
            Value::Array(entries) => !entries.is_empty(),
            Value::Object(entries) => !entries.is_empty(),
            _ => true,
        });
    }
}

/// `1` and `1.0` are the same number.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        (a, b) => a == b,
    }
}

//! What a REST request carries outside its body: labels, query parameters and headers.

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, request::Parts};
use serde_json::{Map, Value};

use super::{DecodeError, Part, scalar};
use crate::{
    TimestampFormat, json,
    model::{Dialect, Kind, Location, Member, Operation, Shape},
};

/// `x-amz-*` headers that belong to signatures, payload framing and SDKs, not to an operation.
const HEADERS_OF_NO_OPERATION: &[&str] = &[
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-decoded-content-length",
    "x-amz-security-token",
    "x-amz-target",
    "x-amz-te",
    "x-amz-trailer",
    "x-amz-user-agent",
];

/// Query parameters that belong to signatures and SDKs, in lower case.
const PARAMETERS_OF_NO_OPERATION: &[&str] = &[
    "awsaccesskeyid",
    "expires",
    "signature",
    "x-amz-algorithm",
    "x-amz-content-sha256",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-expires",
    "x-amz-security-token",
    "x-amz-signature",
    "x-amz-signedheaders",
    "x-amz-user-agent",
    "x-id",
];

/// Preconditions that would be broken promises where an operation does not know them.
const CONDITIONS: &[&str] = &["if-match", "if-none-match", "if-modified-since", "if-unmodified-since"];

const CHECKSUMS: &[&str] = &[
    "x-amz-checksum-crc32",
    "x-amz-checksum-crc32c",
    "x-amz-checksum-crc64nvme",
    "x-amz-checksum-sha1",
    "x-amz-checksum-sha256",
];

pub(super) fn read(
    operation: &'static Operation,
    parts: &Parts,
    labels: &[(&str, String)],
) -> Result<Map<String, Value>, DecodeError> {
    let members = operation.input.map(Shape::members).unwrap_or_default();
    let query = parts.uri.query().unwrap_or_default();
    let mut query: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let hoisted = hoisted_headers(operation, members, &mut query);
    let headers = Headers { sent: &parts.headers, hoisted: &hoisted };
    let mut fields = Map::new();
    for member in members {
        let value = match member.location {
            Location::Uri => read_label(member, labels)?,
            Location::Query => read_query(member, &query)?,
            Location::QueryMap => read_query_map(member, members, &query)?,
            Location::Header => read_header(member, &headers)?,
            Location::Headers => read_headers(member, members, &headers)?,
            Location::Body | Location::Status => None,
        };
        if let Some(value) = value {
            fields.insert(member.name.to_owned(), value);
        }
    }
    refuse_unknown_parameters(operation, members, &query)?;
    refuse_unknown_headers(operation, members, &headers)?;
    Ok(fields)
}

/// Headers, and what a presigned S3 query carries in place of headers.
struct Headers<'a> {
    sent: &'a HeaderMap,
    hoisted: &'a [(String, String)],
}

impl Headers<'_> {
    /// All values of the header, joined as RFC 9110 §5.3 allows.
    fn get(&self, name: &str) -> Result<Option<String>, DecodeError> {
        let mut joined: Option<String> = None;
        for value in self.sent.get_all(name) {
            let value = std::str::from_utf8(value.as_bytes())
                .map_err(|_| invalid(Part::Header, name, "", "text in UTF-8"))?;
            match &mut joined {
                Some(joined) => {
                    joined.push_str(", ");
                    joined.push_str(value);
                }
                None => joined = Some(value.to_owned()),
            }
        }
        Ok(joined.or_else(|| {
            self.hoisted
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.clone())
        }))
    }

    /// Every name once, in lower case.
    fn names(&self) -> impl Iterator<Item = String> {
        let sent = self.sent.keys().map(|name| name.as_str().to_owned());
        sent.chain(self.hoisted.iter().map(|(name, _)| name.to_ascii_lowercase()))
    }
}

/// S3 lets a presigned query carry any `x-amz-*` header, and Version 2's also these two; a parameter that the operation binds as a query
/// parameter stays one.
fn hoisted_headers(
    operation: &Operation,
    members: &[Member],
    query: &mut Vec<(String, String)>,
) -> Vec<(String, String)> {
    if operation.service.dialect != Dialect::S3 {
        return Vec::new();
    }
    let is_hoisted = |name: &str| {
        let lower = name.to_ascii_lowercase();
        (lower.starts_with("x-amz-") || lower == "content-md5" || lower == "content-type")
            && !PARAMETERS_OF_NO_OPERATION.contains(&lower.as_str())
            && !members.iter().any(|member| member.location == Location::Query && member.wire_name == name)
    };
    let (mut hoisted, rest): (Vec<_>, Vec<_>) =
        std::mem::take(query).into_iter().partition(|(name, _)| is_hoisted(name));
    *query = rest;
    // S3 ignores a checksum in a presigned query (aws/aws-sdk-go-v2#2610, aws/aws-sdk#480), and must: SDKs
    // put the checksum of an empty body there when they presign an upload.
    hoisted.retain(|(name, _)| !CHECKSUMS.contains(&name.to_ascii_lowercase().as_str()));
    hoisted
}

fn read_label(member: &Member, labels: &[(&str, String)]) -> Result<Option<Value>, DecodeError> {
    let Some((_, text)) = labels.iter().find(|(name, _)| *name == member.wire_name) else { return Ok(None) };
    let format = member.timestamp_format.unwrap_or(TimestampFormat::Iso8601);
    let value = scalar::parse(member.shape, text, format)
        .map_err(|expected| invalid(Part::Path, member.wire_name, text, expected))?;
    Ok(Some(value))
}

fn read_query(member: &Member, query: &[(String, String)]) -> Result<Option<Value>, DecodeError> {
    let format = member.timestamp_format.unwrap_or(TimestampFormat::Iso8601);
    let parse = |shape: &Shape, text: &String| {
        scalar::parse(shape, text, format)
            .map_err(|expected| invalid(Part::Query, member.wire_name, text, expected))
    };
    let mut given = query.iter().filter(|(name, _)| name == member.wire_name).map(|(_, text)| text);
    if let Kind::List { member: entry, .. } = member.shape.kind {
        let entries = given.map(|text| parse(entry, text)).collect::<Result<Vec<_>, _>>()?;
        return Ok((!entries.is_empty()).then_some(Value::Array(entries)));
    }
    let Some(text) = given.next() else { return Ok(None) };
    if given.next().is_some() {
        return Err(invalid(Part::Query, member.wire_name, text, "given only once"));
    }
    // `max-keys=` is no number, and no fault either.
    if text.is_empty() && matches!(member.shape.kind, Kind::Integer | Kind::Long) {
        return Ok(None);
    }
    parse(member.shape, text).map(Some)
}

fn read_query_map(
    map: &Member,
    members: &[Member],
    query: &[(String, String)],
) -> Result<Option<Value>, DecodeError> {
    let Kind::Map { value, .. } = map.shape.kind else { return Ok(None) };
    let mut entries = Map::new();
    for (name, text) in query {
        if members.iter().any(|member| member.location == Location::Query && member.wire_name == name) {
            continue;
        }
        let list = matches!(value.kind, Kind::List { .. });
        match (entries.get_mut(name), list) {
            (Some(Value::Array(texts)), true) => texts.push(text.as_str().into()),
            (_, true) => {
                entries.insert(name.clone(), vec![text.as_str()].into());
            }
            (_, false) => {
                entries.insert(name.clone(), text.as_str().into());
            }
        }
    }
    Ok((!entries.is_empty()).then_some(Value::Object(entries)))
}

fn read_header(member: &Member, headers: &Headers<'_>) -> Result<Option<Value>, DecodeError> {
    let name = member.wire_name;
    let Some(text) = headers.get(name)? else { return Ok(None) };
    let format = member.timestamp_format.unwrap_or(TimestampFormat::HttpDate);
    if member.json_value {
        let json = STANDARD.decode(&text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let json = json.filter(|json| json::parse(json.as_bytes()).is_ok());
        let json = json.ok_or_else(|| invalid(Part::Header, name, &text, "JSON in base64"))?;
        return Ok(Some(json.into()));
    }
    let parse = |shape: &Shape, text: &str| {
        scalar::parse(shape, text, format).map_err(|expected| invalid(Part::Header, name, text, expected))
    };
    if let Kind::List { member: entry, .. } = member.shape.kind {
        let dates =
            matches!(entry.kind, Kind::Timestamp(own) if own.unwrap_or(format) == TimestampFormat::HttpDate);
        let entries = split_list(&text, dates);
        return entries
            .iter()
            .map(|text| parse(entry, text))
            .collect::<Result<Vec<_>, _>>()
            .map(|list| (!list.is_empty()).then_some(Value::Array(list)));
    }
    parse(member.shape, &text).map(Some)
}

fn read_headers(
    map: &Member,
    members: &[Member],
    headers: &Headers<'_>,
) -> Result<Option<Value>, DecodeError> {
    let mut entries = Map::new();
    for name in headers.names() {
        let bound = |member: &Member| {
            member.location == Location::Header && member.wire_name.eq_ignore_ascii_case(&name)
        };
        let Some(suffix) = strip_prefix(&name, map.wire_name) else { continue };
        if suffix.is_empty() || (map.wire_name.is_empty() && members.iter().any(bound)) {
            continue;
        }
        if let Some(text) = headers.get(&name)? {
            entries.insert(suffix.to_owned(), text.into());
        }
    }
    Ok((!entries.is_empty()).then_some(Value::Object(entries)))
}

fn strip_prefix<'a>(name: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, tail) = name.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(tail)
}

/// Entries are separated by commas outside quotes; a date has a comma of its own.
fn split_list(text: &str, dates: bool) -> Vec<String> {
    let mut entries = vec![String::new()];
    let mut quoted = false;
    let mut escaped = false;
    let mut commas = 0;
    for character in text.chars() {
        let Some(entry) = entries.last_mut() else { break };
        match character {
            _ if escaped => {
                entry.push(character);
                escaped = false;
            }
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => {
                commas += 1;
                match dates && commas % 2 == 1 {
                    true => entry.push(','),
                    false => entries.push(String::new()),
                }
            }
            character => entry.push(character),
        }
    }
    entries.iter().map(|entry| entry.trim().to_owned()).filter(|entry| !entry.is_empty()).collect()
}

fn refuse_unknown_parameters(
    operation: &Operation,
    members: &[Member],
    query: &[(String, String)],
) -> Result<(), DecodeError> {
    if members.iter().any(|member| member.location == Location::QueryMap) {
        return Ok(());
    }
    let literal = operation.uri.split_once('?').map_or("", |(_, query)| query);
    for (name, _) in query {
        let known =
            members.iter().any(|member| member.location == Location::Query && member.wire_name == name)
                || form_urlencoded::parse(literal.as_bytes()).any(|(key, _)| key == name.as_str())
                || PARAMETERS_OF_NO_OPERATION.contains(&name.to_ascii_lowercase().as_str());
        if !known {
            return Err(DecodeError::Unknown { part: Part::Query, name: name.clone() });
        }
    }
    Ok(())
}

fn refuse_unknown_headers(
    operation: &Operation,
    members: &[Member],
    headers: &Headers<'_>,
) -> Result<(), DecodeError> {
    let s3 = operation.service.dialect == Dialect::S3;
    for name in headers.names() {
        let ours = name.starts_with("x-amz-") || (s3 && CONDITIONS.contains(&name.as_str()));
        let known = HEADERS_OF_NO_OPERATION.contains(&name.as_str())
            || name.starts_with("x-amz-sdk-")
            || (has_checksum(operation) && CHECKSUMS.contains(&name.as_str()))
            || members.iter().any(|member| match member.location {
                Location::Header => member.wire_name.eq_ignore_ascii_case(&name),
                Location::Headers => strip_prefix(&name, member.wire_name).is_some(),
                _ => false,
            });
        if ours && !known {
            return Err(DecodeError::Unknown { part: Part::Header, name });
        }
    }
    Ok(())
}

fn has_checksum(operation: &Operation) -> bool {
    operation.checksums.required || operation.checksums.algorithm_member.is_some()
}

fn invalid(part: Part, name: &str, value: &str, expected: &'static str) -> DecodeError {
    let value = value.chars().take(256).collect();
    DecodeError::Invalid { part, name: name.to_owned(), value, expected }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{Checksums, Protocol, Service};

    static TEXT: Shape = Shape::string("Text");
    static TEXTS: Shape = Shape::map("Texts", &TEXT, &TEXT);
    static NUMBER: Shape = Shape::integer("Number");
    static INPUT: Shape = Shape::structure(
        "Input",
        &[
            Member::new("ACL", &TEXT).header("x-amz-acl"),
            Member::new("ChecksumCRC32", &TEXT).header("x-amz-checksum-crc32"),
            Member::new("Metadata", &TEXTS).headers("x-amz-meta-"),
            Member::new("ContentType", &TEXT).header("Content-Type"),
            Member::new("MaxKeys", &NUMBER).query("max-keys"),
        ],
    );
    static S3: Service = Service {
        name: "s3",
        protocol: Protocol::RestXml,
        dialect: Dialect::S3,
        api_version: "",
        target_prefix: None,
        xml_namespace: None,
        operations: &[],
        all_operations: &[],
        errors: &[],
    };
    static OPERATION: Operation = Operation {
        name: "Test",
        service: &S3,
        method: "PUT",
        uri: "/{Bucket}?tagging",
        status: 200,
        input: Some(&INPUT),
        output: None,
        result_wrapper: None,
        checksums: Checksums { required: false, algorithm_member: None },
    };

    fn check(query: &str, header: (&'static str, &'static str), expected: Result<Value, DecodeError>) {
        let request = http::Request::put(format!("/b?tagging&{query}")).header(header.0, header.1);
        let (parts, ()) = request.body(()).unwrap().into_parts();
        assert_eq!(read(&OPERATION, &parts, &[]).map(Value::Object), expected, "{query} {header:?}");
    }

    fn unknown(part: Part, name: &str) -> Result<Value, DecodeError> {
        Err(DecodeError::Unknown { part, name: name.to_owned() })
    }

    #[test]
    fn headers_may_travel_in_a_presigned_query() {
        let none = ("accept", "*/*");
        check(
            "x-amz-meta-a=1&X-Amz-Acl=private&content-type=a/b&X-Amz-Date=d&x-id=Test",
            ("x-amz-meta-b", "2"),
            Ok(json!({"ACL": "private", "ContentType": "a/b", "Metadata": {"a": "1", "b": "2"}})),
        );
        check("x-amz-checksum-crc32=AAAAAA%3D%3D", none, Ok(json!({})));
        check("", ("x-amz-checksum-crc32", "AAAAAA=="), Ok(json!({"ChecksumCRC32": "AAAAAA=="})));
    }

    #[test]
    fn what_the_model_does_not_know_is_named() {
        let none = ("accept", "*/*");
        check("versions", none, unknown(Part::Query, "versions"));
        check("x-amz-tagging-count=1", none, unknown(Part::Header, "x-amz-tagging-count"));
        check("", ("x-amz-website-redirect", "1"), unknown(Part::Header, "x-amz-website-redirect"));
        check("", ("if-none-match", "*"), unknown(Part::Header, "if-none-match"));
        check("max-keys=", none, Ok(json!({})));
        check("max-keys=7", none, Ok(json!({"MaxKeys": 7})));
        check("max-keys=x", none, Err(invalid(Part::Query, "max-keys", "x", "a 32-bit integer")));
        check("max-keys=1&max-keys=2", none, Err(invalid(Part::Query, "max-keys", "1", "given only once")));
    }
}

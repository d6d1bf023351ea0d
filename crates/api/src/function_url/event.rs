//! The event that a function URL's request becomes: API Gateway's payload format 2.0, as
//! <https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html> has it.

use access::Principal;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use clock::Timestamp;
use http::request::Parts;
use http::{HeaderMap, header};
use serde_json::{Map, Value, json};
use std::net::IpAddr;

/// What the event says beside the request itself.
pub(super) struct Facts<'a> {
    pub url_id: &'a str,
    /// `<id>.lambda-url.<region>.<domain>`, without port.
    pub domain_name: &'a str,
    /// Still percent-encoded, beginning with `/`.
    pub path: &'a str,
    pub source_ip: IpAddr,
    pub request_id: &'a str,
    pub trace_id: &'a str,
    pub now: Timestamp,
    /// Who signed the request, for URLs with `AWS_IAM`, with the access key they used.
    pub signer: Option<(&'a Principal, &'a str)>,
}

pub(super) fn event(parts: &Parts, body: &Bytes, facts: &Facts<'_>) -> Value {
    let query = parts.uri.query().unwrap_or_default();
    let user_agent = text(&parts.headers, header::USER_AGENT);
    let mut context = json!({
        "accountId": facts.signer.and_then(|(who, _)| who.account()).map_or("anonymous", |id| id.as_str()),
        "apiId": facts.url_id,
        "domainName": facts.domain_name,
        "domainPrefix": facts.url_id,
        "http": {
            "method": parts.method.as_str(),
            "path": facts.path,
            "protocol": format!("{:?}", parts.version),
            "sourceIp": facts.source_ip.to_string(),
            "userAgent": user_agent,
        },
        "requestId": facts.request_id,
        "routeKey": "$default",
        "stage": "$default",
        "time": facts.now.to_common_log(),
        "timeEpoch": facts.now.as_ms(),
    });
    if let (Some((who, access_key)), Some(context)) = (facts.signer, context.as_object_mut()) {
        let authorizer = json!({
            "iam": {
                "accessKey": access_key,
                "accountId": who.account().map(names::AccountId::as_str),
                "callerId": who.user_id(),
                "cognitoIdentity": null,
                "principalOrgId": null,
                "userArn": who.arn(),
                "userId": who.user_id(),
            }
        });
        context.insert("authorizer".to_owned(), authorizer);
    }
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": facts.path,
        "rawQueryString": query,
        "headers": headers(parts, facts),
        "requestContext": context,
        "isBase64Encoded": false,
    });
    if let Some(event) = event.as_object_mut() {
        let cookies = cookies(&parts.headers);
        if !cookies.is_empty() {
            event.insert("cookies".to_owned(), json!(cookies));
        }
        if !query.is_empty() {
            event.insert("queryStringParameters".to_owned(), Value::Object(parameters(query)));
        }
        if !body.is_empty() {
            let plain = is_text(&parts.headers).then(|| std::str::from_utf8(body).ok()).flatten();
            event.insert("isBase64Encoded".to_owned(), json!(plain.is_none()));
            event.insert(
                "body".to_owned(),
                Value::String(plain.map_or_else(|| STANDARD.encode(body), str::to_owned)),
            );
        }
    }
    event
}

/// Belong to the connection, not to the request.
const NOT_FORWARDED: [&str; 7] =
    ["connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"];

/// Lower-case names, values of the same name joined; cookies are apart.
fn headers(parts: &Parts, facts: &Facts<'_>) -> Map<String, Value> {
    let mut headers = Map::new();
    let kept = |name: &header::HeaderName| *name != header::COOKIE && !NOT_FORWARDED.contains(&name.as_str());
    for name in parts.headers.keys().filter(|name| kept(name)) {
        let values: Vec<_> = parts.headers.get_all(name).iter().map(lossy).collect();
        headers.insert(name.to_string(), Value::String(values.join(",")));
    }
    let host = text(&parts.headers, header::HOST);
    let port = match host.rsplit_once(':') {
        Some((_, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => port,
        _ => "80",
    };
    for (name, value) in [
        ("x-forwarded-for", facts.source_ip.to_string()),
        ("x-forwarded-proto", "http".to_owned()),
        ("x-forwarded-port", port.to_owned()),
        ("x-amzn-trace-id", facts.trace_id.to_owned()),
    ] {
        headers.insert(name.to_owned(), Value::String(value));
    }
    headers
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    let all = headers.get_all(header::COOKIE).iter().map(lossy).collect::<Vec<_>>().join("; ");
    all.split(';').map(str::trim).filter(|cookie| !cookie.is_empty()).map(str::to_owned).collect()
}

/// Decoded; values of the same name joined.
fn parameters(query: &str) -> Map<String, Value> {
    let mut parameters = Map::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match parameters.get_mut(name.as_ref()) {
            Some(Value::String(values)) => {
                values.push(',');
                values.push_str(&value);
            }
            _ => {
                parameters.insert(name.into_owned(), Value::String(value.into_owned()));
            }
        }
    }
    parameters
}

/// Bodies of these types reach the function as they are, all others in base64. Forms are among the
/// others, as in the real service.
fn is_text(headers: &HeaderMap) -> bool {
    let kind = text(headers, header::CONTENT_TYPE);
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind.is_empty()
        || kind.starts_with("text/")
        || kind.ends_with("+json")
        || kind.ends_with("+xml")
        || matches!(kind.as_str(), "application/json" | "application/javascript" | "application/xml")
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> String {
    headers.get(name).map(lossy).unwrap_or_default()
}

fn lossy(value: &http::HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn facts() -> Facts<'static> {
        Facts {
            url_id: "abc",
            domain_name: "abc.lambda-url.us-east-1.localhost",
            path: "/a%20b",
            source_ip: IpAddr::from([127, 0, 0, 1]),
            request_id: "id",
            trace_id: "Root=1-0-0",
            now: Timestamp::from_ms(1_583_348_638_390),
            signer: None,
        }
    }

    fn of(request: Request<&'static [u8]>) -> Value {
        let (parts, body) = request.into_parts();
        event(&parts, &Bytes::from_static(body), &facts())
    }

    #[test]
    fn a_request_becomes_the_documented_event() {
        let request = Request::post("/a%20b?x=1&x=2&y=%C3%A4")
            .header("Host", "abc.lambda-url.us-east-1.localhost:4566")
            .header("Content-Type", "application/json")
            .header("X-Twice", "1")
            .header("X-Twice", "2")
            .header("Cookie", "a=1; b=2")
            .header("User-Agent", "test")
            .body(&b"{\"n\":1}"[..])
            .unwrap();
        assert_eq!(
            of(request),
            json!({
                "version": "2.0",
                "routeKey": "$default",
                "rawPath": "/a%20b",
                "rawQueryString": "x=1&x=2&y=%C3%A4",
                "cookies": ["a=1", "b=2"],
                "headers": {
                    "host": "abc.lambda-url.us-east-1.localhost:4566",
                    "content-type": "application/json",
                    "x-twice": "1,2",
                    "user-agent": "test",
                    "x-forwarded-for": "127.0.0.1",
                    "x-forwarded-proto": "http",
                    "x-forwarded-port": "4566",
                    "x-amzn-trace-id": "Root=1-0-0",
                },
                "queryStringParameters": { "x": "1,2", "y": "ä" },
                "requestContext": {
                    "accountId": "anonymous",
                    "apiId": "abc",
                    "domainName": "abc.lambda-url.us-east-1.localhost",
                    "domainPrefix": "abc",
                    "http": {
                        "method": "POST",
                        "path": "/a%20b",
                        "protocol": "HTTP/1.1",
                        "sourceIp": "127.0.0.1",
                        "userAgent": "test",
                    },
                    "requestId": "id",
                    "routeKey": "$default",
                    "stage": "$default",
                    "time": "04/Mar/2020:19:03:58 +0000",
                    "timeEpoch": 1_583_348_638_390_u64,
                },
                "body": "{\"n\":1}",
                "isBase64Encoded": false,
            })
        );
    }

    #[test]
    fn bodies_that_are_no_text_come_in_base64() {
        let check = |content_type: &str, body: &'static [u8], expected: (&str, bool)| {
            let request = Request::post("/").header("Content-Type", content_type).body(body).unwrap();
            let event = of(request);
            assert_eq!(
                (event["body"].as_str(), event["isBase64Encoded"].as_bool()),
                (Some(expected.0), Some(expected.1)),
                "{content_type}"
            );
        };
        check("text/plain; charset=utf-8", b"hi", ("hi", false));
        check("application/problem+json", b"{}", ("{}", false));
        check("application/x-www-form-urlencoded", b"a=1", ("YT0x", true));
        check("image/png", b"\x89PNG", ("iVBORw==", true));
        check("text/plain", b"\xff", ("/w==", true));
    }

    #[test]
    fn absent_parts_are_left_out() {
        let event = of(Request::get("/").body(&b""[..]).unwrap());
        for member in ["body", "cookies", "queryStringParameters"] {
            assert!(event.get(member).is_none(), "{member}");
        }
    }
}

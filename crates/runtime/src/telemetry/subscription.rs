//! What a subscriber asks for.

use crate::report::SubscriptionApi;
use http::Method;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::time::Duration;

#[derive(Debug)]
pub(crate) struct Subscription {
    pub api: SubscriptionApi,
    /// Version 2021-03-18 of the Logs API adds `platform.runtimeDone`.
    with_runtime_done: bool,
    streams: Vec<Stream>,
    pub buffering: Buffering,
    pub destination: To,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    Platform,
    Function,
    Extension,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Buffering {
    /// 1,000–10,000 documents.
    pub items_max: usize,
    /// 262,144–1,048,576 bytes.
    pub bytes_max: usize,
    /// 25–30,000 ms.
    pub timeout: Duration,
}

/// Where to, on the loopback address inside the sandbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct To {
    pub port: u16,
    pub protocol: Protocol,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// A JSON array.
    Http { method: Method, path: String },
    /// A document a line.
    Tcp,
}

/// What the subscriber is told with status 400.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rejected {
    pub error_type: &'static str,
    pub message: String,
}

/// The Runtime API's own.
const PORT_RESERVED: u16 = 9001;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    schema_version: Option<String>,
    #[serde(default)]
    types: Vec<String>,
    #[serde(default)]
    buffering: WireBuffering,
    destination: Option<WireDestination>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireBuffering {
    max_items: Option<u64>,
    max_bytes: Option<u64>,
    timeout_ms: Option<u64>,
}

#[derive(Deserialize)]
struct WireDestination {
    protocol: String,
    #[serde(rename = "URI")]
    uri: Option<String>,
    port: Option<u16>,
    method: Option<String>,
    encoding: Option<String>,
}

pub(crate) fn parse_telemetry(body: &[u8]) -> Result<Subscription, Rejected> {
    parse(body, SubscriptionApi::Telemetry, "", &["2022-07-01", "2022-12-13", "2025-01-29"])
}

pub(crate) fn parse_logs(body: &[u8]) -> Result<Subscription, Rejected> {
    parse(body, SubscriptionApi::Logs, "2020-08-15", &["2020-08-15", "2021-03-18"])
}

fn parse(
    body: &[u8],
    api: SubscriptionApi,
    default_version: &str,
    versions: &[&str],
) -> Result<Subscription, Rejected> {
    let reject = |message: String| Err(rejected(api, &message));
    let wire: Wire = match serde_json::from_slice(body) {
        Ok(wire) => wire,
        Err(error) => return reject(error.to_string()),
    };
    let version = wire.schema_version.as_deref().unwrap_or(default_version);
    if !versions.contains(&version) {
        return reject(format!("schemaVersion {version:?} is none of {}", versions.join(", ")));
    }
    if wire.types.is_empty() {
        return reject("types should not be empty".to_owned());
    }
    let mut streams = Vec::new();
    for name in &wire.types {
        let stream = match name.as_str() {
            "platform" => Stream::Platform,
            "function" => Stream::Function,
            "extension" => Stream::Extension,
            other => return reject(format!("type {other:?} is none of platform, function, extension")),
        };
        if !streams.contains(&stream) {
            streams.push(stream);
        }
    }
    let Some(destination) = wire.destination else { return reject("destination is missing".to_owned()) };
    Ok(Subscription {
        api,
        with_runtime_done: version != "2020-08-15",
        streams,
        buffering: buffering(&wire.buffering).map_err(|message| rejected(api, &message))?,
        destination: to(&destination).map_err(|message| rejected(api, &message))?,
    })
}

fn buffering(wire: &WireBuffering) -> Result<Buffering, String> {
    let within = |name: &str, value: Option<u64>, default: u64, min: u64, max: u64| match value {
        None => Ok(default),
        Some(value) if (min..=max).contains(&value) => Ok(value),
        Some(value) => Err(format!("buffering.{name} must be from {min} to {max}, got {value}")),
    };
    let count = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
    Ok(Buffering {
        items_max: count(within("maxItems", wire.max_items, 10_000, 1000, 10_000)?),
        bytes_max: count(within("maxBytes", wire.max_bytes, 262_144, 262_144, 1_048_576)?),
        timeout: Duration::from_millis(within("timeoutMs", wire.timeout_ms, 1000, 25, 30_000)?),
    })
}

fn to(wire: &WireDestination) -> Result<To, String> {
    if wire.encoding.as_deref().is_some_and(|encoding| encoding != "JSON") {
        return Err("destination.encoding must be JSON".to_owned());
    }
    let (port, protocol) = match wire.protocol.as_str() {
        "HTTP" => {
            let method = match wire.method.as_deref() {
                None | Some("POST") => Method::POST,
                Some("PUT") => Method::PUT,
                Some(other) => return Err(format!("destination.method {other:?} is none of POST, PUT")),
            };
            let uri = wire.uri.as_deref().ok_or("destination.URI is missing")?;
            let (port, path) = address(uri, "http")?;
            (port, Protocol::Http { method, path })
        }
        "TCP" => match (wire.port, wire.uri.as_deref()) {
            (Some(port), _) => (port, Protocol::Tcp),
            (None, Some(uri)) => (address(uri, "tcp")?.0, Protocol::Tcp),
            (None, None) => return Err("destination.port is missing".to_owned()),
        },
        other => return Err(format!("destination.protocol {other:?} is none of HTTP, TCP")),
    };
    match port {
        0 => Err("the port must not be 0".to_owned()),
        PORT_RESERVED => Err(format!("port {PORT_RESERVED} is reserved")),
        port => Ok(To { port, protocol }),
    }
}

/// Port and path of `http://sandbox.localdomain:8080/path`.
fn address(uri: &str, scheme: &str) -> Result<(u16, String), String> {
    let uri: http::Uri = uri.parse().map_err(|error| format!("destination.URI: {error}"))?;
    if uri.scheme_str() != Some(scheme) {
        return Err(format!("the URI's scheme must be {scheme}"));
    }
    if !matches!(uri.host(), Some("sandbox.localdomain" | "sandbox")) {
        return Err("the URI's host must be sandbox.localdomain".to_owned());
    }
    let port = uri.port_u16().ok_or("URI port is not provided")?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    Ok((port, path.to_owned()))
}

fn rejected(api: SubscriptionApi, message: &str) -> Rejected {
    let error_type = match api {
        SubscriptionApi::Telemetry => "ValidationError",
        SubscriptionApi::Logs => "Logs.ValidationError",
    };
    Rejected { error_type, message: message.to_owned() }
}

impl Subscription {
    pub fn rejected(&self, message: &str) -> Rejected {
        rejected(self.api, message)
    }

    /// As the subscriber wrote them.
    pub fn types(&self) -> Vec<String> {
        let name = |stream: &Stream| match stream {
            Stream::Platform => "platform",
            Stream::Function => "function",
            Stream::Extension => "extension",
        };
        self.streams.iter().map(|stream| name(stream).to_owned()).collect()
    }

    pub(super) fn wants(&self, stream: Stream, kind: &str) -> bool {
        let has = match self.api {
            // Its predecessor alone knows these.
            SubscriptionApi::Telemetry => {
                !matches!(kind, "platform.end" | "platform.fault" | "platform.logsSubscription")
            }
            SubscriptionApi::Logs => match kind {
                "platform.runtimeDone" => self.with_runtime_done,
                "platform.telemetrySubscription" => false,
                kind => !kind.starts_with("platform.init") && !kind.starts_with("platform.restore"),
            },
        };
        has && self.streams.contains(&stream)
    }
}

/// What the Logs API has of a record, where that is less.
pub(super) fn older_record(kind: &str, record: &Value) -> Option<Value> {
    let members: &[&str] = match kind {
        "platform.start" => &["requestId", "version"],
        "platform.report" => &["requestId", "metrics"],
        "platform.runtimeDone" => &["requestId", "status"],
        _ => return None,
    };
    let kept = members.iter().filter_map(|member| Some(((*member).to_owned(), record.get(member)?.clone())));
    Some(Value::Object(kept.collect::<Map<_, _>>()))
}

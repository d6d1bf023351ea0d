//! SigV4 as the client side does it, written again and apart from the server's: what agrees with both
//! this and the published vectors is right.

use aws_lc_rs::{digest, hmac};
use bytes::Bytes;
use clock::{Clock, Timestamp};
use http_body_util::Full;
use std::collections::BTreeMap;
use std::fmt::Write;

pub struct Keys {
    id: String,
    secret: String,
    token: Option<String>,
}

impl Keys {
    pub fn new(id: &str, secret: &str) -> Keys {
        Keys { id: id.to_owned(), secret: secret.to_owned(), token: None }
    }

    pub fn with_secret(&self, secret: &str) -> Keys {
        Keys::new(&self.id, secret)
    }

    pub fn with_id(&self, id: &str) -> Keys {
        Keys::new(id, &self.secret)
    }

    pub fn with_token(mut self, token: &str) -> Keys {
        self.token = Some(token.to_owned());
        self
    }
}

/// A request that a test may spoil before and after it is signed.
#[derive(Clone)]
pub struct Request {
    method: String,
    path: String,
    query: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
    service: String,
    at: Timestamp,
}

impl Request {
    /// `target` is the encoded path, with its query if it has one, parameters in their order.
    pub fn new(service: &str, method: &str, target: &str) -> Request {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Request {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: BTreeMap::new(),
            body: Vec::new(),
            service: service.to_owned(),
            at: Clock::real().now(),
        }
    }

    pub fn caller_identity() -> Request {
        Request::new("sts", "POST", "/")
            .header("content-type", "application/x-www-form-urlencoded")
            .body("Action=GetCallerIdentity&Version=2011-06-15")
    }

    /// Replaces an earlier one of the same name. Names in lower case.
    pub fn header(mut self, name: &str, value: &str) -> Request {
        self.headers.insert(name.to_owned(), value.to_owned());
        self
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Request {
        self.body = body.into();
        self
    }

    pub fn at(mut self, at: Timestamp) -> Request {
        self.at = at;
        self
    }

    /// Signs all headers there are, for `host`.
    pub fn sign(mut self, keys: &Keys, host: &str) -> Request {
        let hash = hex(digest::digest(&digest::SHA256, &self.body).as_ref());
        self.headers.entry("host".to_owned()).or_insert_with(|| host.to_owned());
        self.headers.insert("x-amz-date".to_owned(), self.at.to_basic());
        if self.service == "s3" {
            self.headers.entry("x-amz-content-sha256".to_owned()).or_insert_with(|| hash.clone());
        }
        if let Some(token) = &keys.token {
            self.headers.insert("x-amz-security-token".to_owned(), token.clone());
        }
        let hash = self.headers.get("x-amz-content-sha256").cloned().unwrap_or(hash);
        let names: Vec<&str> = self.headers.keys().map(String::as_str).collect();
        let names = names.join(";");
        let mut canonical = format!("{}\n{}\n{}\n", self.method, self.path, self.canonical_query());
        for (name, value) in &self.headers {
            writeln!(canonical, "{name}:{}", value.trim()).unwrap();
        }
        write!(canonical, "\n{names}\n{hash}").unwrap();
        let date = self.at.to_basic();
        let day = date.get(..8).unwrap();
        let scope = format!("{day}/us-east-1/{}/aws4_request", self.service);
        let hashed = hex(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref());
        let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashed}");
        let mut key = format!("AWS4{}", keys.secret).into_bytes();
        for part in scope.split('/') {
            key = tag(&key, part);
        }
        let signature = hex(&tag(&key, &text));
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
            keys.id
        );
        self.header("authorization", &authorization)
    }

    fn canonical_query(&self) -> String {
        let mut pairs: Vec<String> = self
            .query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| if pair.contains('=') { pair.to_owned() } else { format!("{pair}=") })
            .collect();
        pairs.sort();
        pairs.join("&")
    }

    /// HTTP/2 has no `Host`: the target carries it.
    pub fn http2(&self, host: &str) -> http::Request<Full<Bytes>> {
        let mut request =
            http::Request::builder().method(self.method.as_str()).uri(format!("http://{host}{}", self.path));
        for (name, value) in self.headers.iter().filter(|(name, _)| *name != "host") {
            request = request.header(name, value);
        }
        request.body(Full::new(Bytes::from(self.body.clone()))).unwrap()
    }

    /// HTTP/1.1, one request on the connection.
    pub fn bytes(&self, host: &str) -> Vec<u8> {
        let query = if self.query.is_empty() { String::new() } else { format!("?{}", self.query) };
        let mut text = format!("{} {}{query} HTTP/1.1\r\nconnection: close\r\n", self.method, self.path);
        if !self.headers.contains_key("host") {
            write!(text, "host: {host}\r\n").unwrap();
        }
        for (name, value) in &self.headers {
            write!(text, "{name}: {value}\r\n").unwrap();
        }
        if !self.headers.contains_key("content-length") {
            write!(text, "content-length: {}\r\n", self.body.len()).unwrap();
        }
        text.push_str("\r\n");
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

fn tag(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

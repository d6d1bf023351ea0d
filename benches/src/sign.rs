//! Signature version 4 for a client that measures: just enough, and made of what the product's verifier is not made of,
//! so that both would have to be wrong in the same way.

use aws_lc_rs::{digest, hmac};

/// A key pair and what it signs for.
pub struct Signer {
    pub access_key_id: String,
    pub secret_access_key: String,
}

const REGION: &str = "us-east-1";

impl Signer {
    /// Header lines (each ended by CRLF) that sign `method path` with a body of this hash. `path` must be as sent and
    /// need no further encoding; `time` is `YYYYMMDDTHHMMSSZ`.
    pub fn headers(
        &self,
        service: &str,
        method: &str,
        host: &str,
        path: &str,
        body_hash: &str,
        time: &str,
    ) -> String {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let names = "host;x-amz-content-sha256;x-amz-date";
        let canonical = format!(
            "{method}\n{path}\n{query}\nhost:{host}\nx-amz-content-sha256:{body_hash}\nx-amz-date:{time}\n\n\
             {names}\n{body_hash}"
        );
        let authorization = self.authorization(service, names, &canonical, time);
        format!(
            "Host: {host}\r\nX-Amz-Date: {time}\r\nX-Amz-Content-Sha256: {body_hash}\r\nAuthorization: {authorization}\r\n"
        )
    }

    /// As [`Signer::headers`], for an operation of a service that speaks JSON.
    pub fn json_headers(
        &self,
        service: &str,
        host: &str,
        target: &str,
        body_hash: &str,
        time: &str,
    ) -> String {
        let (kind, names) = ("application/x-amz-json-1.0", "content-type;host;x-amz-date;x-amz-target");
        let canonical = format!(
            "POST\n/\n\ncontent-type:{kind}\nhost:{host}\nx-amz-date:{time}\nx-amz-target:{target}\n\n{names}\n{body_hash}"
        );
        let authorization = self.authorization(service, names, &canonical, time);
        format!(
            "Host: {host}\r\nContent-Type: {kind}\r\nX-Amz-Date: {time}\r\nX-Amz-Target: {target}\r\n\
             Authorization: {authorization}\r\n"
        )
    }

    fn authorization(&self, service: &str, names: &str, canonical: &str, time: &str) -> String {
        let day = time.get(..8).unwrap_or(time);
        let scope = format!("{day}/{REGION}/{service}/aws4_request");
        let string_to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", sha256(canonical.as_bytes()));
        let key = [day, REGION, service, "aws4_request"]
            .iter()
            .fold(format!("AWS4{}", self.secret_access_key).into_bytes(), |key, part| hmac(&key, part));
        let signature = hex::encode(hmac(&key, &string_to_sign));
        format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
            self.access_key_id
        )
    }
}

pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, bytes))
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

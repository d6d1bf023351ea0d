//! Forms that upload an object: the policy is what is signed, and the form must keep to it.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html>.

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use clock::Timestamp;
use serde_json::Value;

use super::{Scope, SigError, SigningKey, key::equal, parse::read_credential};
use crate::json;

/// Conditions of a policy, at most.
const CONDITIONS_MAX: usize = 1000;

/// Fields that no condition needs to allow.
const FREE_FIELDS: &[&str] =
    &["awsaccesskeyid", "file", "policy", "signature", "x-amz-signature", "x-amz-security-token"];

/// What a form claims about its signer.
#[derive(Debug, Clone)]
pub struct PostForm {
    pub access_key_id: String,
    /// `None` in Version 2 signatures.
    pub scope: Option<Scope>,
    pub session_token: Option<String>,
    policy: String,
    signature: String,
}

/// A policy that was signed: what the form may hold, and until when.
#[derive(Debug, Clone)]
pub struct PostPolicy {
    expiration: Timestamp,
    conditions: Vec<Condition>,
}

#[derive(Debug, Clone)]
enum Condition {
    Equals { field: String, value: String },
    StartsWith { field: String, prefix: String },
    Length { min: u64, max: u64 },
}

impl PostForm {
    /// `fields` are the form's, without the file, under names in any case.
    ///
    /// # Errors
    /// [`SigError::Missing`] where the form is not signed; otherwise what is wrong with its form.
    pub fn parse(fields: &[(String, String)]) -> Result<PostForm, SigError> {
        let get = |name: &str| {
            fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
        };
        let Some(policy) = get("policy") else { return Err(SigError::Missing) };
        let missing = |name: &str| SigError::MalformedQuery(format!("The form lacks the field '{name}'."));
        let session_token = get("x-amz-security-token");
        if let Some(algorithm) = get("x-amz-algorithm") {
            if algorithm != "AWS4-HMAC-SHA256" {
                return Err(SigError::UnsupportedMechanism);
            }
            let credential = get("x-amz-credential").ok_or_else(|| missing("x-amz-credential"))?;
            let (access_key_id, scope) = read_credential(&credential).map_err(SigError::MalformedQuery)?;
            let date = get("x-amz-date").ok_or_else(|| missing("x-amz-date"))?;
            let signed_at = Timestamp::parse_basic(&date).map_err(|_| SigError::InvalidDate(date.clone()))?;
            if date.get(..8) != Some(scope.date.as_str()) {
                return Err(SigError::ScopeDate { scope: scope.date, request: signed_at });
            }
            let signature = get("x-amz-signature").ok_or_else(|| missing("x-amz-signature"))?;
            return Ok(PostForm { access_key_id, scope: Some(scope), session_token, policy, signature });
        }
        Ok(PostForm {
            access_key_id: get("AWSAccessKeyId").ok_or(SigError::Missing)?,
            scope: None,
            session_token,
            policy,
            signature: get("signature").ok_or_else(|| missing("signature"))?,
        })
    }

    /// The policy, once its signature holds and it has not expired.
    ///
    /// # Errors
    /// A signature that does not hold, or a policy that cannot be read or is over.
    pub fn verify(&self, secret: &str, now: Timestamp) -> Result<PostPolicy, SigError> {
        let expected = match &self.scope {
            Some(scope) => SigningKey::derive(secret, scope).sign(self.policy.as_bytes()),
            None => {
                let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
                STANDARD.encode(hmac::sign(&key, self.policy.as_bytes()))
            }
        };
        if !equal(expected.as_bytes(), self.signature.as_bytes()) {
            return Err(SigError::Mismatch {
                access_key_id: self.access_key_id.clone(),
                signature: self.signature.clone(),
                string_to_sign: self.policy.clone(),
                canonical_request: String::new(),
            });
        }
        let policy = PostPolicy::read(&self.policy)?;
        match now > policy.expiration {
            true => Err(refused("Policy expired.")),
            false => Ok(policy),
        }
    }
}

impl PostPolicy {
    fn read(encoded: &str) -> Result<PostPolicy, SigError> {
        let bytes = STANDARD.decode(encoded.trim()).map_err(|_| refused("it is not base64."))?;
        let value = json::parse(&bytes).map_err(|error| refused(&format!("Invalid JSON: {error}.")))?;
        let expiration = value.get("expiration").and_then(Value::as_str);
        let expiration = expiration.and_then(|text| Timestamp::parse_iso8601(text).ok());
        let expiration = expiration.ok_or_else(|| refused("Policy lacks a valid expiration."))?;
        let conditions = value.get("conditions").and_then(Value::as_array);
        let conditions = conditions.ok_or_else(|| refused("Policy lacks a list of conditions."))?;
        if conditions.len() > CONDITIONS_MAX {
            return Err(refused("Policy has too many conditions."));
        }
        let mut read = Vec::new();
        for condition in conditions {
            read_condition(condition, &mut read)
                .ok_or_else(|| refused(&format!("Invalid condition: {condition}.")))?;
        }
        Ok(PostPolicy { expiration, conditions: read })
    }

    /// Whether the form keeps to the policy. `bucket` is where it was posted, whatever its fields say.
    ///
    /// # Errors
    /// [`SigError::Policy`] names the condition that does not hold, or the fields that no condition allows.
    pub fn check_fields(&self, bucket: &str, fields: &[(String, String)]) -> Result<(), SigError> {
        let get = |name: &str| match name {
            "bucket" => Some(bucket),
            name => {
                fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
            }
        };
        for condition in &self.conditions {
            let (holds, text) = match condition {
                Condition::Equals { field, value } => {
                    (get(field) == Some(value), format!("[\"eq\", \"${field}\", \"{value}\"]"))
                }
                Condition::StartsWith { field, prefix } => {
                    let given = get(field).unwrap_or_default();
                    // A content type may be a list, each of which must begin so.
                    let holds = match field.as_str() {
                        "content-type" => given.split(',').all(|part| part.trim().starts_with(prefix)),
                        _ => given.starts_with(prefix),
                    };
                    (holds, format!("[\"starts-with\", \"${field}\", \"{prefix}\"]"))
                }
                Condition::Length { .. } => continue,
            };
            if !holds {
                return Err(refused(&format!("Policy Condition failed: {text}")));
            }
        }
        let extra: Vec<&str> = fields
            .iter()
            .map(|(name, _)| name.as_str())
            .filter(|name| !self.allows(&name.to_ascii_lowercase()))
            .collect();
        if extra.is_empty() {
            Ok(())
        } else {
            Err(refused(&format!("Extra input fields: {}", extra.join(", "))))
        }
    }

    fn allows(&self, name: &str) -> bool {
        FREE_FIELDS.contains(&name)
            || name == "bucket"
            || name.starts_with("x-ignore-")
            || self.conditions.iter().any(|condition| match condition {
                Condition::Equals { field, .. } | Condition::StartsWith { field, .. } => field == name,
                Condition::Length { .. } => false,
            })
    }

    /// Bytes that the file may have, at least and at most.
    pub fn length_range(&self) -> (u64, u64) {
        let ranges = self.conditions.iter().filter_map(|condition| match condition {
            Condition::Length { min, max } => Some((*min, *max)),
            _ => None,
        });
        ranges.fold((0, u64::MAX), |(low, high), (min, max)| (low.max(min), high.min(max)))
    }

    /// # Errors
    /// [`SigError::PolicyTooSmall`] or [`SigError::PolicyTooLarge`].
    pub fn check_length(&self, size: u64) -> Result<(), SigError> {
        let (min, max) = self.length_range();
        match size {
            size if size < min => Err(SigError::PolicyTooSmall { size, min }),
            size if size > max => Err(SigError::PolicyTooLarge { size, max }),
            _ => Ok(()),
        }
    }
}

/// `{"acl": "private"}`, `["eq", "$key", "x"]`, `["starts-with", "$key", "x"]` or
/// `["content-length-range", 1, 10]`.
fn read_condition(condition: &Value, read: &mut Vec<Condition>) -> Option<()> {
    match condition {
        Value::Object(fields) => {
            for (field, value) in fields {
                let value = value.as_str()?.to_owned();
                read.push(Condition::Equals { field: field.to_ascii_lowercase(), value });
            }
        }
        Value::Array(parts) => {
            let [operator, first, second] = parts.as_slice() else { return None };
            let operator = operator.as_str()?.to_ascii_lowercase();
            if operator == "content-length-range" {
                read.push(Condition::Length { min: number(first)?, max: number(second)? });
                return Some(());
            }
            let field = first.as_str()?.strip_prefix('$')?.to_ascii_lowercase();
            let text = second.as_str()?.to_owned();
            read.push(match operator.as_str() {
                "eq" => Condition::Equals { field, value: text },
                "starts-with" => Condition::StartsWith { field, prefix: text },
                _ => return None,
            });
        }
        _ => return None,
    }
    Some(())
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

fn refused(reason: &str) -> SigError {
    SigError::Policy(reason.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = r#"{"expiration": "2015-12-30T12:00:00.000Z", "conditions": [
        {"bucket": "sigv4examplebucket"}, ["starts-with", "$key", "user/user1/"], {"acl": "public-read"},
        ["content-length-range", 2, "10"], {"x-amz-date": "20151229T000000Z"},
        {"x-amz-algorithm": "AWS4-HMAC-SHA256"},
        {"x-amz-credential": "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request"}]}"#;
    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

    fn form(changes: &[(&str, &str)]) -> Vec<(String, String)> {
        let policy = STANDARD.encode(POLICY);
        let scope = Scope { date: "20151229".into(), region: "us-east-1".into(), service: "s3".into() };
        let signature = SigningKey::derive(SECRET, &scope).sign(policy.as_bytes());
        let mut fields: Vec<(String, String)> = [
            ("key", "user/user1/photo"),
            ("acl", "public-read"),
            ("X-Amz-Credential", "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request"),
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
            ("X-Amz-Date", "20151229T000000Z"),
            ("Policy", &policy),
            ("X-Amz-Signature", &signature),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
        for (name, value) in changes {
            fields.retain(|(key, _)| key != name);
            fields.push(((*name).to_owned(), (*value).to_owned()));
        }
        fields
    }

    fn check(changes: &[(&str, &str)], bucket: &str, now: &str) -> Result<PostPolicy, SigError> {
        let fields = form(changes);
        let policy = PostForm::parse(&fields)?.verify(SECRET, Timestamp::parse_basic(now).unwrap())?;
        policy.check_fields(bucket, &fields)?;
        Ok(policy)
    }

    #[test]
    fn a_form_must_keep_to_its_policy() {
        let (bucket, now) = ("sigv4examplebucket", "20151229T120000Z");
        let policy = check(&[], bucket, now).unwrap();
        assert_eq!(policy.length_range(), (2, 10));
        assert_eq!(policy.check_length(2), Ok(()));
        assert_eq!(policy.check_length(1), Err(SigError::PolicyTooSmall { size: 1, min: 2 }));
        assert_eq!(policy.check_length(11), Err(SigError::PolicyTooLarge { size: 11, max: 10 }));
        for (changes, bucket, now) in [
            (vec![("key", "user/user2/photo")], bucket, now),
            (vec![("acl", "private")], bucket, now),
            (vec![("x-amz-meta-extra", "1")], bucket, now),
            (vec![], "otherbucket", now),
            (vec![], bucket, "20151230T120001Z"),
        ] {
            let refused = check(&changes, bucket, now);
            assert!(matches!(refused, Err(SigError::Policy(_))), "{changes:?} {refused:?}");
        }
        let refused = check(&[("X-Amz-Signature", "00")], bucket, now);
        assert!(matches!(refused, Err(SigError::Mismatch { .. })));
    }
}

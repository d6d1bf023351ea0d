//! An operation's input as it may stand in the audit log.

use audit::{cut, cut_to};
use protocol::model::{Kind, Member, Shape};
use serde_json::{Map, Value, json};

/// What CloudTrail writes in the place of secrets.
const HIDDEN: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";

/// Entries of a list or map that are listed.
const ENTRIES_MAX: usize = 50;

/// Characters of a policy: who gave which rights is what the log is asked for most.
const POLICY_CHARS_MAX: usize = 8 * 1024;

/// Copies the tree of an input: members begin with a small letter, as CloudTrail writes them; what the model marks
/// as sensitive is hidden, bytes are counted, long texts are cut.
pub(crate) fn parameters(shape: &Shape, tree: &Value) -> Value {
    if shape.sensitive {
        return json!(HIDDEN);
    }
    match (&shape.kind, tree) {
        (Kind::Structure { members, .. }, Value::Object(fields)) => {
            let known = fields.iter().filter_map(|(name, value)| {
                let member = members.iter().find(|member| member.name == name)?;
                Some((small(name), member_of(member, value)))
            });
            Value::Object(known.collect())
        }
        (Kind::List { member, .. }, Value::Array(entries)) => {
            let mut listed: Vec<Value> =
                entries.iter().take(ENTRIES_MAX).map(|entry| parameters(member, entry)).collect();
            if entries.len() > ENTRIES_MAX {
                listed.push(json!(format!("… ({} entries)", entries.len())));
            }
            Value::Array(listed)
        }
        (Kind::Map { key, value, .. }, Value::Object(fields)) => {
            if key.sensitive {
                return json!(HIDDEN);
            }
            let mut listed: Map<String, Value> = fields
                .iter()
                .take(ENTRIES_MAX)
                .map(|(name, entry)| (cut(name).into_owned(), parameters(value, entry)))
                .collect();
            if fields.len() > ENTRIES_MAX {
                listed.insert("…".to_owned(), json!(format!("{} entries", fields.len())));
            }
            Value::Object(listed)
        }
        (Kind::Blob, Value::String(text)) => {
            // Base64 in the tree: four characters for three bytes.
            json!(format!("(about {} bytes)", text.len() / 4 * 3))
        }
        (_, Value::String(text)) => json!(cut(text)),
        (_, Value::Bool(_) | Value::Number(_) | Value::Null) => tree.clone(),
        // What the model does not expect is not repeated.
        _ => Value::Null,
    }
}

fn member_of(member: &Member, value: &Value) -> Value {
    match value {
        Value::String(text) if member.name.ends_with("PolicyDocument") && !member.shape.sensitive => {
            json!(cut_to(text, POLICY_CHARS_MAX))
        }
        value => parameters(member.shape, value),
    }
}

/// `FunctionName` as `functionName`.
fn small(name: &str) -> String {
    let mut characters = name.chars();
    let first = characters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(characters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lambda::model::operation::CREATE_FUNCTION;

    #[test]
    fn secrets_and_bytes_are_left_out_and_long_texts_cut() {
        let input = json!({
            "FunctionName": "f",
            "Description": "d".repeat(3_000),
            "Code": { "ZipFile": "UEsDBA==", "S3Bucket": "b" },
            "Environment": { "Variables": { "PASSWORD": "hunter2" } },
            "Timeout": 3,
            "Tags": { "team": "a" },
        });
        let told = parameters(CREATE_FUNCTION.input.unwrap(), &input);
        let text = told.to_string();
        for secret in ["hunter2", "PASSWORD", "UEsDBA"] {
            assert!(!text.contains(secret), "{text}");
        }
        assert_eq!((&told["functionName"], &told["timeout"]), (&json!("f"), &json!(3)));
        assert_eq!((&told["code"]["s3Bucket"], &told["tags"]["team"]), (&json!("b"), &json!("a")));
        assert!(text.contains("… (cut, 3000 bytes)") && text.len() < 1_600, "{text}");
    }
}

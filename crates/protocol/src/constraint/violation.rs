use std::fmt;

use serde_json::Value;

use crate::model::{Kind, Shape};

/// Characters of a value that a message repeats, at most.
const VALUE_CHARACTERS_MAX: usize = 1024;

/// One constraint that one value does not meet; displayed as the services word it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// e.g. `tags.1.member.key`.
    pub path: String,
    /// e.g. `Member must not be null`.
    pub reason: String,
    /// As a message shows it; `None` where the model marks it as sensitive.
    value: Option<String>,
}

impl Violation {
    pub(super) fn new(shape: &Shape, value: &Value, path: String, reason: String) -> Violation {
        let shown = match value {
            Value::Null => Some("null".to_owned()),
            _ if hides(shape, 8) => None,
            value => Some(format!("'{}'", shown(value))),
        };
        Violation { path, reason, value: shown }
    }

    /// Whether a required member is absent.
    pub fn is_missing(&self) -> bool {
        self.value.as_deref() == Some("null")
    }

    /// All of them as one message.
    pub fn message(violations: &[Violation]) -> String {
        let plural = if violations.len() == 1 { "error" } else { "errors" };
        let all: Vec<String> = violations.iter().map(Violation::to_string).collect();
        format!("{} validation {plural} detected: {}", violations.len(), all.join("; "))
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Violation { path, reason, value } = self;
        match value {
            Some(value) => write!(f, "Value {value} at '{path}' failed to satisfy constraint: {reason}"),
            None => write!(f, "Value at '{path}' failed to satisfy constraint: {reason}"),
        }
    }
}

/// Whether the shape or anything within it is sensitive; `levels` bounds the search, and what lies
/// deeper is taken for sensitive.
fn hides(shape: &Shape, levels: usize) -> bool {
    if shape.sensitive || matches!(shape.kind, Kind::Blob) {
        return true;
    }
    let Some(levels) = levels.checked_sub(1) else { return true };
    match shape.kind {
        Kind::Structure { members, .. } => members.iter().any(|member| hides(member.shape, levels)),
        Kind::List { member, .. } => hides(member, levels),
        Kind::Map { key, value, .. } => hides(key, levels) || hides(value, levels),
        _ => false,
    }
}

/// Lists as `[a, b]`, maps as `{k=v}`, text bare.
fn shown(value: &Value) -> String {
    let mut out = String::new();
    show(value, &mut out);
    if let Some((end, _)) = out.char_indices().nth(VALUE_CHARACTERS_MAX) {
        out.truncate(end);
        out.push('…');
    }
    out
}

fn show(value: &Value, out: &mut String) {
    if out.len() > VALUE_CHARACTERS_MAX * 4 {
        return;
    }
    match value {
        Value::String(text) => out.push_str(text),
        Value::Array(entries) => {
            out.push('[');
            for (index, entry) in entries.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                show(entry, out);
            }
            out.push(']');
        }
        Value::Object(entries) => {
            out.push('{');
            for (index, (key, entry)) in entries.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                out.push_str(key);
                out.push('=');
                show(entry, out);
            }
            out.push('}');
        }
        plain => out.push_str(&plain.to_string()),
    }
}

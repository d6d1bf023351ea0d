//! The model's constraints, checked on the tree, in the words the services use.

mod violation;

pub use violation::Violation;

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock, PoisonError, RwLock},
};

use regex::Regex;
use serde_json::Value;

use crate::model::{Kind, Pattern, Shape};

/// Violations reported at once; what lies beyond is not looked at.
pub const VIOLATIONS_MAX: usize = 20;

/// Every violation of the shape's constraints by the value, in the order of the model's members.
///
/// Recursion goes no deeper than the value does, which its reader has bounded.
pub fn check(shape: &'static Shape, value: &Value) -> Vec<Violation> {
    let mut checker = Checker { path: Vec::new(), violations: Vec::new() };
    checker.check(shape, value);
    checker.violations
}

struct Checker<'a> {
    path: Vec<Step<'a>>,
    violations: Vec<Violation>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Member(&'a str),
    /// From 0.
    Entry(usize),
    Key(&'a str),
}

impl<'a> Checker<'a> {
    fn check(&mut self, shape: &'static Shape, value: &'a Value) {
        if self.violations.len() >= VIOLATIONS_MAX {
            return;
        }
        match (shape.kind, value) {
            (_, Value::Null) => self.report(shape, value, "Member must not be null".to_owned()),
            (Kind::Structure { members, payload, union, .. }, Value::Object(fields)) => {
                for member in members {
                    // A blob payload travels beside the tree.
                    if payload == Some(member.name) && shape.has_blob_payload() {
                        continue;
                    }
                    self.path.push(Step::Member(member.name));
                    match fields.get(member.name) {
                        Some(value) => self.check(member.shape, value),
                        None if member.required => self.check(member.shape, &Value::Null),
                        None => {}
                    }
                    self.path.pop();
                }
                if union && fields.len() != 1 {
                    self.report(shape, value, "Member must have exactly one field set".to_owned());
                }
            }
            (Kind::List { member, .. }, Value::Array(entries)) => {
                self.length(shape, value, entries.len());
                for (index, entry) in entries.iter().enumerate() {
                    self.path.push(Step::Entry(index));
                    self.check(member, entry);
                    self.path.pop();
                }
            }
            (Kind::Map { key: key_shape, value: value_shape, .. }, Value::Object(entries)) => {
                self.length(shape, value, entries.len());
                for (key, entry) in entries {
                    self.path.push(Step::Key(key));
                    self.text(key_shape, value, key);
                    self.check(value_shape, entry);
                    self.path.pop();
                }
            }
            (Kind::String, Value::String(text)) => self.text(shape, value, text),
            (Kind::Blob, Value::String(text)) => self.length(shape, value, base64_bytes(text)),
            (Kind::Integer | Kind::Long | Kind::Float | Kind::Double, Value::Number(number)) => {
                self.range(shape, value, number.as_f64().unwrap_or(f64::NAN));
            }
            _ => {}
        }
    }

    fn text(&mut self, shape: &'static Shape, value: &Value, text: &str) {
        if shape.min.is_some() || shape.max.is_some() {
            self.length(shape, value, text.chars().count());
        }
        if !shape.values.is_empty() && !shape.values.contains(&text) {
            let reason = format!("Member must satisfy enum value set: [{}]", shape.values.join(", "));
            self.report(shape, value, reason);
        }
        if let Some(pattern) = &shape.pattern
            && !matches(pattern, text)
        {
            let reason = format!("Member must satisfy regular expression pattern: {}", pattern.source);
            self.report(shape, value, reason);
        }
    }

    fn length(&mut self, shape: &'static Shape, value: &Value, length: usize) {
        let length = length as f64;
        if let Some(min) = shape.min.filter(|min| length < *min) {
            let reason = format!("Member must have length greater than or equal to {min}");
            self.report(shape, value, reason);
        }
        if let Some(max) = shape.max.filter(|max| length > *max) {
            self.report(shape, value, format!("Member must have length less than or equal to {max}"));
        }
    }

    fn range(&mut self, shape: &'static Shape, value: &Value, number: f64) {
        if let Some(min) = shape.min.filter(|min| number < *min) {
            let reason = format!("Member must have value greater than or equal to {min}");
            self.report(shape, value, reason);
        }
        if let Some(max) = shape.max.filter(|max| number > *max) {
            self.report(shape, value, format!("Member must have value less than or equal to {max}"));
        }
    }

    fn report(&mut self, shape: &Shape, value: &Value, reason: String) {
        if self.violations.len() < VIOLATIONS_MAX {
            let path = self.path.iter().map(Step::written).collect::<Vec<_>>().join(".");
            self.violations.push(Violation::new(shape, value, path, reason));
        }
    }
}

impl Step<'_> {
    /// `Tags` is named `tags`, the first entry of a list is `1.member`, a map's is `key.member`.
    fn written(&self) -> String {
        match self {
            Step::Member(name) => {
                let mut letters = name.chars();
                letters.next().map(char::to_lowercase).into_iter().flatten().chain(letters).collect()
            }
            Step::Entry(index) => format!("{}.member", index + 1),
            Step::Key(key) => format!("{key}.member"),
        }
    }
}

fn base64_bytes(text: &str) -> usize {
    let digits = text.trim_end_matches('=').len();
    digits / 4 * 3 + (digits % 4 * 6) / 8
}

fn matches(pattern: &Pattern, text: &str) -> bool {
    compiled(pattern.accept).is_none_or(|accept| accept.is_match(text))
        && pattern.reject.and_then(compiled).is_none_or(|reject| !reject.is_match(text))
}

/// Compiled once per pattern, when first used; the tables bound their number. `cargo xtask models` has
/// compiled each of them, so `None` does not happen with generated tables.
fn compiled(pattern: &'static str) -> Option<Arc<Regex>> {
    type Compiled = HashMap<&'static str, Option<Arc<Regex>>>;
    static COMPILED: OnceLock<RwLock<Compiled>> = OnceLock::new();
    let compiled = COMPILED.get_or_init(RwLock::default);
    if let Some(found) = compiled.read().unwrap_or_else(PoisonError::into_inner).get(pattern) {
        return found.clone();
    }
    // The models mean ASCII, as Java does; our engine's classes would take any script's letters.
    let ascii = pattern.replace(r"\d", "[0-9]").replace(r"\w", "[0-9A-Za-z_]");
    let regex = Regex::new(&format!("^(?:{ascii})$")).ok().map(Arc::new);
    compiled.write().unwrap_or_else(PoisonError::into_inner).entry(pattern).or_insert(regex).clone()
}

#[cfg(test)]
mod tests;

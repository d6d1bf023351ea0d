use super::{InvalidPattern, invalid};
use serde_json::{Map, Value};
use std::cmp::Ordering;

/// One of the things that may be at a place.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Leaf {
    Is(Value),
    Text(Text),
    IsNot(Vec<Value>),
    TextIsNot(Vec<Text>),
    Number(Vec<(Comparison, f64)>),
    Exists(bool),
}

/// What a text may be.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Text {
    Prefix(String),
    Suffix(String),
    /// In lower case.
    AnyCase(String),
    /// What stands between the stars.
    Wildcard(Vec<String>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Is,
    Less,
    LessOrIs,
    More,
    MoreOrIs,
}

impl Leaf {
    pub fn read(value: &Value) -> Result<Leaf, InvalidPattern> {
        let object = match value {
            Value::Object(object) => object,
            Value::Array(_) => return invalid("a list in a list"),
            scalar => return Ok(Leaf::Is(scalar.clone())),
        };
        let (word, of) = only(object)?;
        match (word, of) {
            ("exists", Value::Bool(exists)) => Ok(Leaf::Exists(*exists)),
            ("numeric", Value::Array(parts)) => numeric(parts),
            ("anything-but", of) => anything_but(of),
            _ => Ok(Leaf::Text(Text::read(word, of)?)),
        }
    }

    /// `None`: there is nothing at the place.
    pub fn matches(&self, value: Option<&Value>) -> bool {
        let Some(value) = value else { return matches!(self, Leaf::Exists(false)) };
        match (self, value) {
            (Leaf::Exists(exists), _) => *exists,
            // A list is as one of its elements is; but none of them may be what must not be.
            (Leaf::IsNot(_) | Leaf::TextIsNot(_), Value::Array(elements)) => {
                !elements.is_empty() && elements.iter().all(|element| self.matches(Some(element)))
            }
            (_, Value::Array(elements)) => elements.iter().any(|element| self.matches(Some(element))),
            (Leaf::Is(wanted), _) => same(wanted, value),
            (Leaf::Text(wanted), Value::String(text)) => wanted.matches(text),
            (Leaf::IsNot(unwanted), Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Null) => {
                !unwanted.iter().any(|unwanted| same(unwanted, value))
            }
            (Leaf::TextIsNot(unwanted), Value::String(text)) => {
                !unwanted.iter().any(|unwanted| unwanted.matches(text))
            }
            (Leaf::Number(bounds), Value::Number(number)) => {
                let Some(number) = number.as_f64() else { return false };
                bounds.iter().all(|(comparison, bound)| comparison.holds(number, *bound))
            }
            _ => false,
        }
    }
}

/// Numbers are the same by their value: `300`, `300.0` and `3.0e2`.
fn same(wanted: &Value, value: &Value) -> bool {
    match (wanted, value) {
        (Value::Number(wanted), Value::Number(value)) => wanted == value || wanted.as_f64() == value.as_f64(),
        _ => wanted == value,
    }
}

fn only(object: &Map<String, Value>) -> Result<(&str, &Value), InvalidPattern> {
    let mut members = object.iter();
    match (members.next(), members.next()) {
        (Some((word, of)), None) => Ok((word, of)),
        _ => invalid("an alternative that is an object has one member"),
    }
}

fn anything_but(of: &Value) -> Result<Leaf, InvalidPattern> {
    match of {
        Value::Array(unwanted)
            if !unwanted.is_empty()
                && (unwanted.iter().all(Value::is_string) || unwanted.iter().all(Value::is_number)) =>
        {
            Ok(Leaf::IsNot(unwanted.clone()))
        }
        Value::Object(object) => {
            let (word, of) = only(object)?;
            match of {
                Value::Array(all) if !all.is_empty() => {
                    let all = all.iter().map(|of| Text::read(word, of));
                    Ok(Leaf::TextIsNot(all.collect::<Result<_, _>>()?))
                }
                of => Ok(Leaf::TextIsNot(vec![Text::read(word, of)?])),
            }
        }
        scalar if scalar.is_string() || scalar.is_number() => Ok(Leaf::IsNot(vec![scalar.clone()])),
        _ => invalid("anything-but is of a text or number, of a list of either, or of a match of texts"),
    }
}

/// `["=", 5]`, or one or two bounds: `[">", 0, "<=", 5]`.
fn numeric(parts: &[Value]) -> Result<Leaf, InvalidPattern> {
    let mut bounds = Vec::new();
    let (pairs, rest) = parts.as_chunks::<2>();
    for [comparison, bound] in pairs {
        let comparison = match comparison.as_str() {
            Some("=") => Comparison::Is,
            Some("<") => Comparison::Less,
            Some("<=") => Comparison::LessOrIs,
            Some(">") => Comparison::More,
            Some(">=") => Comparison::MoreOrIs,
            _ => return invalid(format!("{comparison} is no comparison of numbers")),
        };
        let Some(bound) = bound.as_f64() else { return invalid(format!("{bound} is no number")) };
        bounds.push((comparison, bound));
    }
    let is_lower = |comparison| matches!(comparison, Comparison::More | Comparison::MoreOrIs);
    match bounds.as_slice() {
        _ if !rest.is_empty() => invalid("numeric is of comparisons and numbers in turn"),
        [_] => Ok(Leaf::Number(bounds)),
        [(first, low), (second, high)]
            if is_lower(*first)
                && matches!(second, Comparison::Less | Comparison::LessOrIs)
                && low < high =>
        {
            Ok(Leaf::Number(bounds))
        }
        _ => invalid("numeric is of one comparison, or of a lower and then an upper bound"),
    }
}

impl Comparison {
    fn holds(self, number: f64, bound: f64) -> bool {
        let Some(order) = number.partial_cmp(&bound) else { return false };
        match self {
            Comparison::Is => order == Ordering::Equal,
            Comparison::Less => order == Ordering::Less,
            Comparison::LessOrIs => order != Ordering::Greater,
            Comparison::More => order == Ordering::Greater,
            Comparison::MoreOrIs => order != Ordering::Less,
        }
    }
}

impl Text {
    fn read(word: &str, of: &Value) -> Result<Text, InvalidPattern> {
        let Some(text) = of.as_str() else { return invalid(format!("{word} is of a text")) };
        Ok(match word {
            "prefix" => Text::Prefix(text.to_owned()),
            "suffix" => Text::Suffix(text.to_owned()),
            "equals-ignore-case" => Text::AnyCase(text.to_lowercase()),
            "wildcard" if text.contains("**") => return invalid("wildcard has no two stars in a row"),
            "wildcard" => Text::Wildcard(text.split('*').map(str::to_owned).collect()),
            _ => return invalid(format!("{word} is no match type")),
        })
    }

    fn matches(&self, text: &str) -> bool {
        match self {
            Text::Prefix(prefix) => text.starts_with(prefix.as_str()),
            Text::Suffix(suffix) => text.ends_with(suffix.as_str()),
            Text::AnyCase(wanted) => text.to_lowercase() == *wanted,
            Text::Wildcard(parts) => wildcard(parts, text),
        }
    }
}

/// The first part begins the text, the last one ends it, and those between are taken as early as they come.
fn wildcard(parts: &[String], text: &str) -> bool {
    let (first, rest) = match parts {
        [] => return text.is_empty(),
        [only] => return text == only,
        [first, rest @ ..] => (first, rest),
    };
    let Some(mut text) = text.strip_prefix(first.as_str()) else { return false };
    let Some((last, between)) = rest.split_last() else { return false };
    for part in between {
        match text.find(part.as_str()) {
            Some(at) => text = text.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    text.ends_with(last.as_str())
}

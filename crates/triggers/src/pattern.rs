//! Event patterns: what of an event must be so that somebody wants it.
//!
//! A pattern is an object of the event's own shape, whose leaves are lists of what may be there
//! (<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns-content-based-filtering.html>).

mod leaf;

use leaf::Leaf;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Bytes of a pattern's text (<https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html>).
pub const PATTERN_BYTES_MAX: usize = 4096;

/// Objects in objects, and alternatives in alternatives.
const DEPTH_MAX: usize = 32;

/// An object whose members must all be so.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    members: BTreeMap<String, Member>,
    /// Each list is of patterns of which one must match.
    either: Vec<Vec<Pattern>>,
}

#[derive(Debug, Clone, PartialEq)]
enum Member {
    /// One of these.
    Leaf(Vec<Leaf>),
    Object(Pattern),
}

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidPattern(pub(crate) String);

fn invalid<T>(why: impl Into<String>) -> Result<T, InvalidPattern> {
    Err(InvalidPattern(why.into()))
}

impl Pattern {
    /// # Errors
    /// The text is no pattern.
    pub fn parse(text: &str) -> Result<Pattern, InvalidPattern> {
        if text.len() > PATTERN_BYTES_MAX {
            return invalid(format!("a pattern has at most {PATTERN_BYTES_MAX} bytes"));
        }
        match serde_json::from_str(text) {
            Ok(Value::Object(object)) => Pattern::read(&object, DEPTH_MAX),
            Ok(_) => invalid("a pattern is an object"),
            Err(error) => invalid(format!("a pattern is JSON: {error}")),
        }
    }

    fn read(object: &Map<String, Value>, depth: usize) -> Result<Pattern, InvalidPattern> {
        let Some(depth) = depth.checked_sub(1) else { return invalid("the pattern is too deep") };
        if object.is_empty() {
            return invalid("an object of a pattern is not empty");
        }
        let (mut members, mut either) = (BTreeMap::new(), Vec::new());
        for (name, value) in object {
            let member = match value {
                Value::Array(choices) if name == "$or" && choices.iter().all(Value::is_object) => {
                    if choices.len() < 2 {
                        return invalid("$or has two alternatives or more");
                    }
                    let read = |choice: &Value| match choice {
                        Value::Object(object) => Pattern::read(object, depth),
                        _ => invalid("alternatives of $or are objects"),
                    };
                    either.push(choices.iter().map(read).collect::<Result<_, _>>()?);
                    continue;
                }
                Value::Array(choices) if !choices.is_empty() => {
                    Member::Leaf(choices.iter().map(Leaf::read).collect::<Result<_, _>>()?)
                }
                Value::Array(_) => return invalid(format!("{name} is an empty list")),
                Value::Object(object) => Member::Object(Pattern::read(object, depth)?),
                _ => return invalid(format!("{name} must be an object or a list")),
            };
            members.insert(name.clone(), member);
        }
        Ok(Pattern { members, either })
    }

    /// Whether an event is of that kind.
    pub fn matches(&self, event: &Value) -> bool {
        match event {
            // One and the same element must be as all of this says.
            Value::Array(elements) => elements.iter().any(|element| self.matches(element)),
            Value::Object(object) => self.matches_object(Some(object)),
            _ => self.matches_object(None),
        }
    }

    /// `None`: there is no object, which satisfies those who want something not to be there.
    fn matches_object(&self, object: Option<&Map<String, Value>>) -> bool {
        let is_so = |(name, member): (&String, &Member)| {
            let value = object.and_then(|object| object.get(name));
            match member {
                Member::Leaf(choices) => choices.iter().any(|choice| choice.matches(value)),
                Member::Object(pattern) => match value {
                    Some(value) => pattern.matches(value),
                    None => pattern.matches_object(None),
                },
            }
        };
        let with = |object: Option<&Map<String, Value>>, choice: &Pattern| choice.matches_object(object);
        self.members.iter().all(is_so)
            && self.either.iter().all(|choices| choices.iter().any(|choice| with(object, choice)))
    }
}

#[cfg(test)]
mod tests;

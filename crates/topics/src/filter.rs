//! Filter policies: which messages a subscription wants.
//!
//! A policy is an object whose leaves are lists of what may be there; all its keys must be so
//! (<https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html>).

mod leaf;
mod number;
mod text;

use crate::attribute::{Attribute, AttributeValue};
use crate::{Message, TopicsError};
use leaf::Leaf;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::cell::OnceCell;

const POLICY_BYTES_MAX: usize = 256 * 1024;
const KEYS_MAX: usize = 5;
/// Of the numbers of values of all lists, multiplied; of a nested list that times how deep it is.
const COMBINATIONS_MAX: usize = 150;
/// Objects in objects.
const DEPTH_MAX: usize = 32;
/// An object of `$or` whose members are all of these is no alternative but a match.
const MATCHES: [&str; 8] =
    ["numeric", "prefix", "suffix", "anything-but", "exists", "equals-ignore-case", "wildcard", "cidr"];

/// What of a message a policy is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scope {
    #[default]
    Attributes,
    Body,
}

impl Scope {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Scope::Attributes => "MessageAttributes",
            Scope::Body => "MessageBody",
        }
    }
}

/// A policy that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    scope: Scope,
    root: Object,
}

/// All members must be so, and one alternative of each `$or`.
#[derive(Debug, Clone, Default, PartialEq)]
struct Object {
    members: Vec<(String, Member)>,
    either: Vec<Vec<Object>>,
}

#[derive(Debug, Clone, PartialEq)]
enum Member {
    /// One of these.
    Leaf(Vec<Leaf>),
    Object(Object),
}

fn invalid(why: impl std::fmt::Display) -> TopicsError {
    TopicsError::InvalidParameter(format!("FilterPolicy: {why}"))
}

impl Filter {
    /// # Errors
    /// `InvalidParameter`.
    pub fn parse(text: &str, scope: Scope) -> Result<Filter, TopicsError> {
        if text.len() > POLICY_BYTES_MAX {
            return Err(invalid(format!("a filter policy has at most {POLICY_BYTES_MAX} bytes")));
        }
        let policy = match serde_json::from_str(text) {
            Ok(Value::Object(policy)) => policy,
            Ok(_) => return Err(invalid("Filter policy must be a JSON object")),
            Err(error) => return Err(invalid(format!("failed to parse JSON. {error}"))),
        };
        let mut reading = Reading { scope, combinations: 1, keys: 0 };
        let root = reading.object(&policy, 1)?;
        if reading.keys > KEYS_MAX {
            return Err(invalid(format!("Filter policy can not have more than {KEYS_MAX} keys")));
        }
        if reading.combinations > COMBINATIONS_MAX {
            return Err(invalid("Filter policy is too complex"));
        }
        Ok(Filter { scope, root })
    }

    /// Whether the subscription wants a message. One whose body is no JSON object is wanted by no policy about bodies.
    pub fn matches(&self, seen: &Seen<'_>) -> bool {
        match self.scope {
            Scope::Attributes => {
                self.root.matches(Some(seen.attributes.get_or_init(|| values(seen.message))))
            }
            Scope::Body => {
                let body = seen.body.get_or_init(|| serde_json::from_str(&seen.message.body).ok());
                body.as_ref().is_some_and(|body| self.root.matches(Some(body)))
            }
        }
    }
}

/// A message as filters look at it: read once, however many look.
pub struct Seen<'a> {
    message: &'a Message,
    attributes: OnceCell<Map<String, Value>>,
    body: OnceCell<Option<Map<String, Value>>>,
}

impl<'a> Seen<'a> {
    pub fn new(message: &'a Message) -> Self {
        Seen { message, attributes: OnceCell::new(), body: OnceCell::new() }
    }
}

/// Attributes as JSON; those of type `Binary`, and lists that are none, are not looked at.
fn values(message: &Message) -> Map<String, Value> {
    let value = |Attribute { kind, value }: &Attribute| {
        let AttributeValue::Text(text) = value else { return None };
        match kind.as_str() {
            "String.Array" => serde_json::from_str(text).ok().filter(Value::is_array),
            kind if kind == "Number" || kind.starts_with("Number.") => number::read(text).map(Value::Number),
            _ => Some(Value::String(text.clone())),
        }
    };
    message.attributes.iter().filter_map(|(name, one)| Some((name.clone(), value(one)?))).collect()
}

/// Counts what it reads.
struct Reading {
    scope: Scope,
    combinations: usize,
    keys: usize,
}

impl Reading {
    /// `depth` is 1 for the members of the policy itself.
    fn object(&mut self, object: &Map<String, Value>, depth: usize) -> Result<Object, TopicsError> {
        if depth > DEPTH_MAX {
            return Err(invalid("Filter policy is nested too deeply"));
        }
        let mut read = Object::default();
        for (name, value) in object {
            if name == "$or"
                && let Some(choices) = alternatives(value)
            {
                // One of them counts at a time, so what each multiplies by is added.
                let (before, mut sum) = (self.combinations, 0_usize);
                let mut all = Vec::with_capacity(choices.len());
                for choice in choices {
                    self.combinations = 1;
                    all.push(self.object(choice, depth)?);
                    sum = sum.saturating_add(self.combinations);
                }
                self.combinations = before.saturating_mul(sum);
                read.either.push(all);
                continue;
            }
            if depth == 1 {
                self.keys += 1;
            }
            let member = match value {
                Value::Array(leaves) if leaves.is_empty() => {
                    return Err(invalid("Empty arrays are not allowed"));
                }
                Value::Array(leaves) => {
                    self.combinations = self.combinations.saturating_mul(leaves.len().saturating_mul(depth));
                    Member::Leaf(leaves.iter().map(Leaf::read).collect::<Result<_, _>>()?)
                }
                Value::Object(_) if self.scope == Scope::Attributes => {
                    return Err(invalid(
                        "Filter policy scope MessageAttributes does not support nested filter policy",
                    ));
                }
                Value::Object(inner) if inner.is_empty() => {
                    return Err(invalid("Empty objects are not allowed"));
                }
                Value::Object(inner) => Member::Object(self.object(inner, depth + 1)?),
                _ => return Err(invalid(format!("\"{name}\" must be an object or an array"))),
            };
            read.members.push((name.clone(), member));
        }
        Ok(read)
    }
}

/// Two objects or more, none of which is a match; else `$or` is a key like any other.
fn alternatives(value: &Value) -> Option<Vec<&Map<String, Value>>> {
    let choices: Option<Vec<_>> = value.as_array()?.iter().map(Value::as_object).collect();
    let is_match = |object: &&Map<String, Value>| object.keys().any(|name| MATCHES.contains(&name.as_str()));
    choices.filter(|choices| choices.len() >= 2 && !choices.iter().any(is_match))
}

impl Object {
    /// `None`: there is no object, which satisfies those who want something not to be there.
    fn matches(&self, object: Option<&Map<String, Value>>) -> bool {
        let is_so = |(name, member): &(String, Member)| {
            let value = object.and_then(|object| object.get(name));
            match member {
                Member::Leaf(leaves) => leaves.iter().any(|leaf| leaf.matches(value)),
                Member::Object(inner) => inner.matches_value(value),
            }
        };
        self.members.iter().all(is_so)
            && self.either.iter().all(|choices| choices.iter().any(|choice| choice.matches(object)))
    }

    fn matches_value(&self, value: Option<&Value>) -> bool {
        match value {
            // One and the same element must be as all of this says.
            Some(Value::Array(elements)) => elements.iter().any(|element| self.matches_value(Some(element))),
            Some(Value::Object(object)) => self.matches(Some(object)),
            _ => self.matches(None),
        }
    }
}

#[cfg(test)]
mod tests;

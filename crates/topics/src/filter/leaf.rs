use super::invalid;
use super::number::Range;
use super::text::Text;
use crate::TopicsError;
use serde_json::{Map, Value};
use std::net::IpAddr;

/// One of the things that may be at a place.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Leaf {
    Is(Value),
    Text(Text),
    IsNot(Vec<Value>),
    TextIsNot(Vec<Text>),
    Number(Range),
    /// Addresses that agree with this one in so many bits.
    Network(IpAddr, u8),
    Exists(bool),
}

impl Leaf {
    pub fn read(value: &Value) -> Result<Leaf, TopicsError> {
        let object = match value {
            Value::Object(object) => object,
            Value::Array(_) => {
                return Err(invalid("Match value must be String, number, true, false, or null"));
            }
            Value::Number(number) => {
                Range::is(number)?;
                return Ok(Leaf::Is(value.clone()));
            }
            scalar => return Ok(Leaf::Is(scalar.clone())),
        };
        let (word, of) = only(object)?;
        match (word, of) {
            ("exists", Value::Bool(exists)) => Ok(Leaf::Exists(*exists)),
            ("exists", _) => Err(invalid("exists match pattern must be either true or false.")),
            ("numeric", Value::Array(parts)) => Ok(Leaf::Number(Range::read(parts)?)),
            ("numeric", _) => Err(invalid("Value of numeric must be an array.")),
            ("anything-but", of) => anything_but(of),
            ("cidr", of) => network(of),
            _ => Ok(Leaf::Text(Text::read(word, of)?)),
        }
    }

    /// `None`: there is nothing at the place. A list is as one of its elements is.
    pub fn matches(&self, value: Option<&Value>) -> bool {
        let Some(value) = value else { return matches!(self, Leaf::Exists(false)) };
        match (self, value) {
            (Leaf::Exists(exists), _) => *exists,
            (_, Value::Array(elements)) => elements.iter().any(|element| self.matches(Some(element))),
            (_, Value::Object(_)) => false,
            (Leaf::Is(wanted), _) => same(wanted, value),
            (Leaf::IsNot(unwanted), _) => !unwanted.iter().any(|unwanted| same(unwanted, value)),
            (Leaf::Text(wanted), Value::String(text)) => wanted.matches(text),
            (Leaf::TextIsNot(unwanted), Value::String(text)) => {
                !unwanted.iter().any(|unwanted| unwanted.matches(text))
            }
            (Leaf::Number(range), Value::Number(number)) => range.holds(number),
            (Leaf::Network(network, bits), Value::String(text)) => {
                text.parse().is_ok_and(|address: IpAddr| is_within(address, *network, *bits))
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

fn only(object: &Map<String, Value>) -> Result<(&str, &Value), TopicsError> {
    let mut members = object.iter();
    match (members.next(), members.next()) {
        (Some((word, of)), None) => Ok((word, of)),
        (Some(_), Some(_)) => Err(invalid("Only one key allowed in match expression")),
        (None, _) => Err(invalid("Empty objects are not allowed")),
    }
}

fn anything_but(of: &Value) -> Result<Leaf, TopicsError> {
    match of {
        Value::Array(unwanted) if unwanted.is_empty() => Err(invalid("Empty arrays are not allowed")),
        Value::Array(unwanted) if unwanted.iter().all(|one| one.is_string() || one.is_number()) => {
            Ok(Leaf::IsNot(unwanted.clone()))
        }
        Value::Object(object) => {
            let (word, of) = only(object)?;
            if !["prefix", "suffix", "wildcard", "equals-ignore-case"].contains(&word) {
                return Err(invalid(format!("Unsupported anything-but pattern: {word}")));
            }
            match of {
                Value::Array(all) if !all.is_empty() => {
                    let all = all.iter().map(|of| Text::read(word, of));
                    Ok(Leaf::TextIsNot(all.collect::<Result<_, _>>()?))
                }
                of => Ok(Leaf::TextIsNot(vec![Text::read(word, of)?])),
            }
        }
        Value::String(_) | Value::Number(_) => Ok(Leaf::IsNot(vec![of.clone()])),
        _ => Err(invalid("Value of anything-but must be an array or single string/number value.")),
    }
}

fn network(of: &Value) -> Result<Leaf, TopicsError> {
    let malformed = || invalid("Malformed CIDR, one '/' required");
    let text = of.as_str().ok_or_else(|| invalid("prefix match pattern must be a string"))?;
    let (address, bits) = text.split_once('/').ok_or_else(malformed)?;
    let address: IpAddr = address.parse().map_err(|_| invalid("Nonstandard IP address"))?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.parse::<u8>().ok().filter(|bits| *bits <= most);
    Ok(Leaf::Network(address, bits.ok_or_else(|| invalid("Malformed CIDR, mask bits must be an integer"))?))
}

fn is_within(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    let shared = |a: u128, b: u128, width: u32| {
        let drop = width.saturating_sub(u32::from(bits));
        a.checked_shr(drop).unwrap_or(0) == b.checked_shr(drop).unwrap_or(0)
    };
    match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(b)) => shared(a.to_bits().into(), b.to_bits().into(), 32),
        (IpAddr::V6(a), IpAddr::V6(b)) => shared(a.to_bits(), b.to_bits(), 128),
        _ => false,
    }
}

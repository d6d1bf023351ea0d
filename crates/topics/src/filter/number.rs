use super::invalid;
use crate::TopicsError;
use serde_json::{Number, Value};
use std::cmp::Ordering;

/// Numbers of a policy lie between this and its negative.
const MOST: f64 = 1e9;

/// The number of an attribute; any that JSON can write.
pub(super) fn read(text: &str) -> Option<Number> {
    let text = text.trim();
    serde_json::from_str(text).ok().or_else(|| Number::from_f64(text.parse().ok()?))
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Range(Vec<(Comparison, f64)>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Is,
    Less,
    LessOrIs,
    More,
    MoreOrIs,
}

impl Range {
    /// That a number is one that policies may name.
    ///
    /// # Errors
    /// `InvalidParameter`.
    pub fn is(number: &Number) -> Result<f64, TopicsError> {
        let number = number.as_f64().filter(|number| number.abs() <= MOST);
        number.ok_or_else(|| invalid("Value of numeric must be from -1000000000 to 1000000000, inclusive"))
    }

    /// `["=", 5]`, or one or two bounds: `[">", 0, "<=", 5]`.
    ///
    /// # Errors
    /// `InvalidParameter`.
    pub fn read(parts: &[Value]) -> Result<Range, TopicsError> {
        let mut bounds = Vec::new();
        let (pairs, rest) = parts.as_chunks::<2>();
        for [comparison, bound] in pairs {
            let comparison = match comparison.as_str() {
                Some("=") => Comparison::Is,
                Some("<") => Comparison::Less,
                Some("<=") => Comparison::LessOrIs,
                Some(">") => Comparison::More,
                Some(">=") => Comparison::MoreOrIs,
                _ => return Err(invalid(format!("Unrecognized numeric range operator: {comparison}"))),
            };
            let Value::Number(bound) = bound else {
                return Err(invalid("Value of a numeric range must be numeric"));
            };
            bounds.push((comparison, Range::is(bound)?));
        }
        let is_lower = |comparison| matches!(comparison, Comparison::More | Comparison::MoreOrIs);
        match bounds.as_slice() {
            _ if !rest.is_empty() => Err(invalid("Too few arguments in numeric match.")),
            [] => Err(invalid("Invalid member in numeric match: ]")),
            [_] => Ok(Range(bounds)),
            [(first, low), (second, high)]
                if is_lower(*first) && matches!(second, Comparison::Less | Comparison::LessOrIs) =>
            {
                match low < high {
                    true => Ok(Range(bounds)),
                    false => Err(invalid("Bottom must be less than top")),
                }
            }
            _ => Err(invalid("Too many terms in numeric range expression")),
        }
    }

    pub fn holds(&self, number: &Number) -> bool {
        let Some(number) = number.as_f64() else { return false };
        self.0.iter().all(|(comparison, bound)| comparison.holds(number, *bound))
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

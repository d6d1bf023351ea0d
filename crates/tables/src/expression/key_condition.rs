//! Key conditions: from an expression to one partition and a range of sort keys.

use names::key::successor;

use super::condition::{Comparator, Operand, Test, parse_test};
use super::{Parameters, Role};
use crate::Refusal;
use crate::key::{KeyAttribute, KeySchema, check, encode, encode_prefix};
use crate::value::{OwnedValue, Path, Value};

/// What a query reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyCondition {
    /// The encoded partition key.
    pub partition: Vec<u8>,
    pub sort: SortRange,
}

/// Encoded sort keys `start <= key < end`; no `end` is the partition's.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SortRange {
    pub start: Vec<u8>,
    pub end: Option<Vec<u8>>,
}

impl SortRange {
    pub fn contains(&self, sort: &[u8]) -> bool {
        sort >= self.start.as_slice() && self.end.as_deref().is_none_or(|end| sort < end)
    }
}

/// What is asked of one key attribute.
#[derive(Debug, Clone)]
pub(crate) enum SortTest {
    Compare(Comparator, OwnedValue),
    Between(OwnedValue, OwnedValue),
    BeginsWith(OwnedValue),
}

impl KeyCondition {
    /// Reads a `KeyConditionExpression` for a table or an index with this schema.
    ///
    /// # Errors
    /// Validation, if it is no equality of the partition key, with at most one condition on the sort key.
    pub fn parse(text: &str, parameters: &mut Parameters, schema: &KeySchema) -> Result<Self, Refusal> {
        let test = parse_test(text, Role::KeyCondition, parameters)?;
        let mut conditions = Vec::new();
        collect(test, &mut conditions)?;
        key_condition(schema, conditions)
    }
}

fn collect(test: Test, found: &mut Vec<(String, SortTest)>) -> Result<(), Refusal> {
    let operator = match test {
        Test::All(tests) => return tests.into_iter().try_for_each(|test| collect(test, found)),
        Test::Compare(comparator, left, right) if comparator != Comparator::NotEqual => {
            let (name, comparator, value) = match (left, right) {
                (Operand::Path(path), Operand::Value(value)) => (attribute(&path)?, comparator, value),
                (Operand::Value(value), Operand::Path(path)) => {
                    (attribute(&path)?, comparator.mirrored(), value)
                }
                (left, right) => return Err(misused(&[&left, &right])),
            };
            found.push((name, SortTest::Compare(comparator, value)));
            return Ok(());
        }
        Test::Between(tested, lower, upper) => match (tested, lower, upper) {
            (Operand::Path(path), Operand::Value(lower), Operand::Value(upper)) => {
                found.push((attribute(&path)?, SortTest::Between(lower, upper)));
                return Ok(());
            }
            (tested, lower, upper) => return Err(misused(&[&tested, &lower, &upper])),
        },
        Test::BeginsWith(tested, prefix) => match (tested, prefix) {
            (Operand::Path(path), Operand::Value(prefix)) => {
                found.push((attribute(&path)?, SortTest::BeginsWith(prefix)));
                return Ok(());
            }
            (tested, prefix) => return Err(misused(&[&tested, &prefix])),
        },
        Test::Compare(..) => "<>",
        Test::Any(_) => "OR",
        Test::Not(_) => "NOT",
        Test::In(..) => "IN",
        Test::Exists(_) => "attribute_exists",
        Test::NotExists(_) => "attribute_not_exists",
        Test::HasType(..) => "attribute_type",
        Test::Contains(..) => "contains",
    };
    Err(Refusal::validation(format!("Invalid operator used in KeyConditionExpression: {operator}")))
}

fn attribute(path: &Path) -> Result<String, Refusal> {
    if path.steps().is_empty() {
        Ok(path.attribute().to_owned())
    } else {
        Err(Refusal::validation("KeyConditionExpressions cannot have conditions on nested attributes"))
    }
}

fn misused(operands: &[&Operand]) -> Refusal {
    if operands.iter().any(|operand| matches!(operand, Operand::Size(_))) {
        return Refusal::validation("Invalid operator used in KeyConditionExpression: size");
    }
    let paths = operands.iter().filter(|operand| matches!(operand, Operand::Path(_))).count();
    Refusal::validation(match paths {
        0 => "Invalid condition in KeyConditionExpression: No key attribute specified",
        1 => "Invalid condition in KeyConditionExpression: The key attribute must be the first operand",
        _ => "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition",
    })
}

/// # Errors
/// Validation, as [`KeyCondition::parse`].
pub(crate) fn key_condition(
    schema: &KeySchema,
    mut conditions: Vec<(String, SortTest)>,
) -> Result<KeyCondition, Refusal> {
    if conditions.is_empty() || conditions.len() > 2 {
        return Err(Refusal::validation("Conditions can be of length 1 or 2 only"));
    }
    if let [(one, _), (two, _)] = conditions.as_slice()
        && one == two
    {
        return Err(Refusal::validation("KeyConditionExpressions must only contain one condition per key"));
    }
    let mut take = |attribute: &KeyAttribute| {
        let at = conditions.iter().position(|(name, _)| *name == attribute.name)?;
        Some(conditions.swap_remove(at).1)
    };
    let missed = |attribute: &KeyAttribute| {
        Refusal::validation(format!("Query condition missed key schema element: {}", attribute.name))
    };
    let partition = take(&schema.partition).ok_or_else(|| missed(&schema.partition))?;
    let sort = schema.sort.as_ref().and_then(|attribute| take(attribute).map(|test| (attribute, test)));
    if !conditions.is_empty() {
        return Err(match &schema.sort {
            Some(attribute) if sort.is_none() => missed(attribute),
            _ => Refusal::validation("Query key condition not supported"),
        });
    }
    let SortTest::Compare(Comparator::Equal, value) = partition else {
        return Err(Refusal::validation("Query key condition not supported"));
    };
    let partition = encode(checked(&schema.partition, &value, true)?);
    let sort = sort.map(|(attribute, test)| range(attribute, &test)).transpose()?.unwrap_or_default();
    Ok(KeyCondition { partition, sort })
}

fn checked<'v>(
    attribute: &KeyAttribute,
    value: &'v OwnedValue,
    is_partition: bool,
) -> Result<Value<'v>, Refusal> {
    let value = value.view();
    if value.kind() != attribute.kind.kind() {
        return Err(Refusal::validation(
            "One or more parameter values were invalid: Condition parameter type does not match schema type",
        ));
    }
    check(attribute, value, is_partition)?;
    Ok(value)
}

fn range(attribute: &KeyAttribute, test: &SortTest) -> Result<SortRange, Refusal> {
    let encoded = |value| checked(attribute, value, false).map(encode);
    let after = |bytes: &[u8]| Some(successor(bytes)).filter(|end| !end.is_empty());
    // An encoded key is no other's beginning: its successor comes before all keys after it.
    Ok(match test {
        SortTest::Compare(comparator, value) => {
            let value = encoded(value)?;
            match comparator {
                Comparator::Equal => SortRange { end: after(&value), start: value },
                Comparator::Less => SortRange { start: Vec::new(), end: Some(value) },
                Comparator::LessOrEqual => SortRange { start: Vec::new(), end: after(&value) },
                // No value's bytes are all `FF`: there always is a successor.
                Comparator::Greater => SortRange { start: successor(&value), end: None },
                Comparator::GreaterOrEqual => SortRange { start: value, end: None },
                Comparator::NotEqual => return Err(Refusal::validation("Query key condition not supported")),
            }
        }
        SortTest::Between(lower, upper) => {
            let (lower, upper) = (encoded(lower)?, encoded(upper)?);
            if lower > upper {
                return Err(Refusal::validation(
                    "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound",
                ));
            }
            SortRange { start: lower, end: after(&upper) }
        }
        SortTest::BeginsWith(prefix) => {
            let prefix = encode_prefix(checked(attribute, prefix, false)?);
            SortRange { end: after(&prefix), start: prefix }
        }
    })
}

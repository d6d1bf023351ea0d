//! `ScanFilter`, `QueryFilter` and `KeyConditions`: attributes, operators, values.

use super::{invalid, top_level, unknown};
use crate::Refusal;
use crate::expression::{Comparator, Condition, KeyCondition, Operand, SortTest, Test, key_condition};
use crate::key::KeySchema;
use crate::value::{Kind, OwnedValue, Reader, decode_value};

/// How several conditions are joined: `ConditionalOperator`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ConditionalOperator {
    #[default]
    And,
    Or,
}

impl ConditionalOperator {
    pub(super) fn join(self, mut tests: Vec<Test>) -> Condition {
        Condition::of(match (tests.len(), self) {
            (1, _) => tests.remove(0),
            (_, ConditionalOperator::And) => Test::All(tests),
            (_, ConditionalOperator::Or) => Test::Any(tests),
        })
    }
}

/// `ComparisonOperator`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Eq,
    Ne,
    In,
    Le,
    Lt,
    Ge,
    Gt,
    Between,
    NotNull,
    Null,
    Contains,
    NotContains,
    BeginsWith,
}

const OPERATORS: [(&str, Operator); 13] = [
    ("IN", Operator::In),
    ("NULL", Operator::Null),
    ("BETWEEN", Operator::Between),
    ("LT", Operator::Lt),
    ("NOT_CONTAINS", Operator::NotContains),
    ("EQ", Operator::Eq),
    ("GT", Operator::Gt),
    ("NOT_NULL", Operator::NotNull),
    ("NE", Operator::Ne),
    ("LE", Operator::Le),
    ("BEGINS_WITH", Operator::BeginsWith),
    ("GE", Operator::Ge),
    ("CONTAINS", Operator::Contains),
];

impl Operator {
    pub(super) fn read(reader: &mut Reader<'_>, member: &str) -> Result<Self, Refusal> {
        let text = reader.string()?;
        OPERATORS.iter().find(|(name, _)| *name == text).map(|(_, operator)| *operator).ok_or_else(|| {
            let names = OPERATORS.map(|(name, _)| name).join(", ");
            Refusal::validation(format!(
                "1 validation error detected: Value '{text}' at '{member}.comparisonOperator' failed to satisfy \
                 constraint: Member must satisfy enum value set: [{names}]"
            ))
        })
    }

    fn name(self) -> &'static str {
        OPERATORS.iter().find(|(_, operator)| *operator == self).map_or("", |(name, _)| name)
    }

    fn comparator(self) -> Option<Comparator> {
        Some(match self {
            Operator::Eq => Comparator::Equal,
            Operator::Ne => Comparator::NotEqual,
            Operator::Le => Comparator::LessOrEqual,
            Operator::Lt => Comparator::Less,
            Operator::Ge => Comparator::GreaterOrEqual,
            Operator::Gt => Comparator::Greater,
            _ => return None,
        })
    }

    /// Checks how many values there are, and of which types.
    pub(super) fn check(self, values: &[OwnedValue]) -> Result<(), Refusal> {
        let name = self.name();
        let fits = match self {
            Operator::Null | Operator::NotNull => values.is_empty(),
            Operator::Between => values.len() == 2,
            Operator::In => !values.is_empty() && values.len() <= crate::expression::IN_OPERANDS_MAX,
            _ => values.len() == 1,
        };
        if !fits {
            return Err(invalid(format!("Invalid number of argument(s) for the {name} ComparisonOperator")));
        }
        let allowed: fn(Kind) -> bool = match self {
            Operator::Le | Operator::Lt | Operator::Ge | Operator::Gt | Operator::Between | Operator::In => {
                Kind::is_ordered
            }
            Operator::Contains | Operator::NotContains => {
                |kind| kind.is_ordered() || matches!(kind, Kind::Bool | Kind::Null)
            }
            Operator::BeginsWith => |kind| matches!(kind, Kind::S | Kind::B),
            _ => |_| true,
        };
        let mut kinds = values.iter().map(|value| value.view().kind());
        if let Some(kind) = kinds.clone().find(|kind| !allowed(*kind)) {
            let kind = kind.wire_name();
            return Err(invalid(format!(
                "ComparisonOperator {name} is not valid for {kind} AttributeValue type"
            )));
        }
        let first = kinds.next();
        if kinds.any(|kind| Some(kind) != first) {
            return Err(invalid("AttributeValues inside AttributeValueList must be of same type"));
        }
        if let [lower, upper] = values
            && self == Operator::Between
            && crate::value::order(lower.view(), upper.view()).is_some_and(std::cmp::Ordering::is_gt)
        {
            return Err(Refusal::validation(
                "The BETWEEN condition was provided a range where the lower bound is bigger than the upper bound",
            ));
        }
        Ok(())
    }

    /// The values are those that [`Operator::check`] saw.
    pub(super) fn test(self, attribute: &str, values: Vec<OwnedValue>) -> Test {
        let path = top_level(attribute);
        let tested = Operand::Path(path.clone());
        let mut values = values.into_iter().map(Operand::Value);
        let mut next = || values.next().unwrap_or_else(|| Operand::Value(OwnedValue::null()));
        match self {
            Operator::Null => Test::NotExists(path),
            Operator::NotNull => Test::Exists(path),
            Operator::Between => Test::Between(tested, next(), next()),
            Operator::In => Test::In(tested, values.collect()),
            Operator::Contains => Test::Contains(tested, next()),
            // Of an attribute that is not there, nothing is known to be missing.
            Operator::NotContains => {
                Test::All(vec![Test::Exists(path), Test::Not(Box::new(Test::Contains(tested, next())))])
            }
            Operator::BeginsWith => Test::BeginsWith(tested, next()),
            Operator::Eq | Operator::Ne | Operator::Le | Operator::Lt | Operator::Ge | Operator::Gt => {
                Test::Compare(self.comparator().unwrap_or(Comparator::Equal), tested, next())
            }
        }
    }
}

/// Reads `ScanFilter` or `QueryFilter`.
///
/// # Errors
/// Validation and serialization.
pub fn filter(json: &str, operator: ConditionalOperator) -> Result<Condition, Refusal> {
    let tests =
        conditions(json, "filter")?.into_iter().map(|(name, operator, values)| operator.test(&name, values));
    Ok(operator.join(tests.collect()))
}

/// Reads `KeyConditions`.
///
/// # Errors
/// As [`filter`], and whatever is no key condition.
pub fn key_conditions(json: &str, schema: &KeySchema) -> Result<KeyCondition, Refusal> {
    let mut found = Vec::new();
    for (name, operator, values) in conditions(json, "keyConditions")? {
        let mut values = values.into_iter();
        let test = match (operator, operator.comparator(), values.next(), values.next()) {
            (Operator::Ne, ..) => None,
            (_, Some(comparator), Some(value), None) => Some(SortTest::Compare(comparator, value)),
            (Operator::Between, _, Some(lower), Some(upper)) => Some(SortTest::Between(lower, upper)),
            (Operator::BeginsWith, _, Some(prefix), None) => Some(SortTest::BeginsWith(prefix)),
            _ => None,
        };
        let Some(test) = test else {
            return Err(Refusal::validation(
                "Attempted conditional constraint is not an indexable operation",
            ));
        };
        found.push((name, test));
    }
    key_condition(schema, found)
}

/// `{"name": {"ComparisonOperator": "…", "AttributeValueList": […]}, …}`
fn conditions(json: &str, member: &str) -> Result<Vec<(String, Operator, Vec<OwnedValue>)>, Refusal> {
    let mut reader = Reader::new(json);
    let mut found: Vec<(String, Operator, Vec<OwnedValue>)> = Vec::new();
    reader.begin_object()?;
    while let Some(name) = reader.key(found.is_empty())? {
        let (mut operator, mut values, mut first) = (None, Vec::new(), true);
        reader.begin_object()?;
        while let Some(key) = reader.key(first)? {
            first = false;
            match &*key {
                "ComparisonOperator" => {
                    operator = Some(Operator::read(&mut reader, &format!("{member}.{name}.member"))?)
                }
                "AttributeValueList" => values = value_list(&mut reader)?,
                other => return Err(unknown(other)),
            }
        }
        let operator = operator.ok_or_else(|| {
            Refusal::validation(format!(
                "1 validation error detected: Value null at '{member}.{name}.member.comparisonOperator' failed to \
                 satisfy constraint: Member must not be null"
            ))
        })?;
        operator.check(&values)?;
        found.push((name.into_owned(), operator, values));
    }
    reader.finish()?;
    refuse_twice(found.iter().map(|(name, ..)| name.as_str()))?;
    Ok(found)
}

pub(super) fn refuse_twice<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), Refusal> {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    match names.iter().zip(names.iter().skip(1)).find(|(one, two)| one == two) {
        Some((twice, _)) => Err(Refusal::serialization(format!("Duplicate key: {twice}"))),
        None => Ok(()),
    }
}

pub(super) fn value_list(reader: &mut Reader<'_>) -> Result<Vec<OwnedValue>, Refusal> {
    let mut values = Vec::new();
    reader.begin_list()?;
    while reader.another(values.is_empty())? {
        values.push(decode_value(reader.skip()?)?);
    }
    Ok(values)
}

//! `Expected`: conditions of PutItem, UpdateItem and DeleteItem.

use super::conditions::{ConditionalOperator, Operator, refuse_twice, value_list};
use super::{invalid, unknown};
use crate::Refusal;
use crate::expression::{Condition, Test};
use crate::value::{OwnedValue, Reader, decode_value};

/// Reads `{"name": {"Value": …, "Exists": …} | {"ComparisonOperator": …, "AttributeValueList": …}, …}`.
///
/// # Errors
/// Validation and serialization.
pub fn expected(json: &str, operator: ConditionalOperator) -> Result<Condition, Refusal> {
    let mut reader = Reader::new(json);
    let mut tests: Vec<(String, Test)> = Vec::new();
    reader.begin_object()?;
    while let Some(name) = reader.key(tests.is_empty())? {
        let test = expectation(&mut reader, &name)?;
        tests.push((name.into_owned(), test));
    }
    reader.finish()?;
    refuse_twice(tests.iter().map(|(name, _)| name.as_str()))?;
    Ok(operator.join(tests.into_iter().map(|(_, test)| test).collect()))
}

fn expectation(reader: &mut Reader<'_>, name: &str) -> Result<Test, Refusal> {
    let (mut value, mut exists, mut operator, mut list): (
        Option<OwnedValue>,
        Option<bool>,
        Option<Operator>,
        _,
    ) = (None, None, None, None);
    reader.begin_object()?;
    let mut first = true;
    while let Some(key) = reader.key(first)? {
        first = false;
        if reader.null()? {
            continue;
        }
        match &*key {
            "Value" => value = Some(decode_value(reader.skip()?)?),
            "Exists" => exists = Some(reader.boolean()?),
            "ComparisonOperator" => {
                operator = Some(Operator::read(reader, &format!("expected.{name}.member"))?)
            }
            "AttributeValueList" => list = Some(value_list(reader)?),
            other => return Err(unknown(other)),
        }
    }
    let refuse = |what: &str| Err(invalid(format!("{what} for Attribute: {name}")));
    let (operator, values) = match (operator, exists, value, list) {
        (Some(_), Some(_), ..) => return refuse("Exists and ComparisonOperator cannot be used together"),
        (Some(_), _, Some(_), Some(_)) => {
            return refuse("Value and AttributeValueList cannot be used together");
        }
        (Some(operator), _, value, list) => (operator, list.unwrap_or_else(|| value.into_iter().collect())),
        (None, _, _, Some(_)) => {
            return refuse("AttributeValueList can only be used with a ComparisonOperator");
        }
        (None, Some(false), Some(_), _) => return refuse("Value cannot be used when Exists is false"),
        (None, Some(false), None, _) => (Operator::Null, Vec::new()),
        (None, _, Some(value), _) => (Operator::Eq, vec![value]),
        (None, Some(true), None, _) => return refuse("Value must be provided when Exists is true"),
        (None, None, None, _) => return refuse("Value must be provided when Exists is null"),
    };
    operator.check(&values)?;
    Ok(operator.test(name, values))
}

//! What Query and Scan have in common.

use super::error::invalid;
use super::model::shape;
use super::parameters::unlisted;
use super::reply::{Document, Tell};
use crate::{ApiError, Reply};
use tables::expression::Condition;
use tables::key::KeySchema;
use tables::value::write_item;
use tables::{Page, Refusal, Select};

/// # Errors
/// `ValidationException`.
pub(super) fn select(given: Option<&str>, has_projection: bool, has_index: bool) -> Result<Select, ApiError> {
    let select = match given {
        None if has_projection => Select::Specific,
        None => Select::AllThereIs,
        Some("ALL_ATTRIBUTES") => Select::AllAttributes,
        Some("ALL_PROJECTED_ATTRIBUTES") => Select::Projected,
        Some("SPECIFIC_ATTRIBUTES") => Select::Specific,
        Some("COUNT") => Select::Count,
        Some(other) => return Err(unlisted(&shape::SELECT, "select", other)),
    };
    match (select, has_projection) {
        (Select::Projected, _) if !has_index => Err(invalid(
            "One or more parameter values were invalid: Select type ALL_PROJECTED_ATTRIBUTES is not supported for \
             table access",
        )),
        (Select::Specific, false) => Err(invalid(
            "One or more parameter values were invalid: Must specify the AttributesToGet or ProjectionExpression \
             when choosing to get SPECIFIC_ATTRIBUTES",
        )),
        (Select::AllAttributes | Select::Projected | Select::Count, true) => Err(invalid(format!(
            "One or more parameter values were invalid: Cannot specify the AttributesToGet or ProjectionExpression \
             when choosing to get {}",
            given.unwrap_or_default()
        ))),
        _ => Ok(select),
    }
}

/// As `dynamodb:Select` has it.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html>
pub(super) fn named(select: Select) -> &'static str {
    match select {
        Select::AllThereIs | Select::AllAttributes => "ALL_ATTRIBUTES",
        Select::Projected => "ALL_PROJECTED_ATTRIBUTES",
        Select::Count => "COUNT",
        Select::Specific => "SPECIFIC_ATTRIBUTES",
    }
}

/// # Errors
/// `ValidationException`.
pub(super) fn limit(given: Option<i32>) -> Result<Option<usize>, ApiError> {
    let Some(limit) = given else { return Ok(None) };
    match usize::try_from(limit) {
        Ok(limit) if limit > 0 => Ok(Some(limit)),
        _ => Err(invalid(format!(
            "1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint: Member must have \
             value greater than or equal to 1"
        ))),
    }
}

/// # Errors
/// `ValidationException`: a query's filter is about what the key condition is for.
pub(super) fn refuse_keys(filter: &Condition, schema: &KeySchema) -> Result<(), Refusal> {
    let attributes = filter.attributes();
    match schema.names().find(|key| attributes.contains(key)) {
        None => Ok(()),
        Some(key) => Err(Refusal::Validation(format!(
            "Filter Expression can only contain non-primary key attributes: Primary key attribute: {key}"
        ))),
    }
}

pub(super) fn replied<T: Default>(page: &Page, select: Select, tell: Tell, table: &str) -> Reply<T> {
    let mut document = Document::new();
    if select != Select::Count {
        let out = document.member("Items");
        out.push(b'[');
        for (place, item) in page.items.iter().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            write_item(item.view(), out);
        }
        out.push(b']');
    }
    document.number("Count", page.count);
    document.number("ScannedCount", page.scanned);
    if let Some(last) = &page.last {
        document.item("LastEvaluatedKey", last.view());
    }
    tell.consumed(&mut document, table, &page.consumed);
    document.into_reply()
}

//! What operations on items have in common of their input.

use super::error::invalid;
use super::model::shape;
use crate::ApiError;
use protocol::model::Shape;
use serde_json::value::RawValue;
use tables::expression::{Condition, Parameters, Role, parse_projection};
use tables::legacy::{self, ConditionalOperator};
use tables::value::{Item, Projection, decode_item};
use tables::{Precondition, Refusal};

pub(super) type Raw = Option<Box<RawValue>>;

/// # Errors
/// `ValidationException`, `SerializationException`.
pub(super) fn item(raw: &RawValue) -> Result<Item, ApiError> {
    Ok(decode_item(raw.get())?)
}

/// # Errors
/// As [`item`].
pub(super) fn expression_parameters(names: &Raw, values: &Raw) -> Result<Parameters, Refusal> {
    Parameters::from_json(names.as_deref().map(RawValue::get), values.as_deref().map(RawValue::get))
}

/// Old parameters and new ones, of which a request has one kind.
pub(super) struct Mixture<'a> {
    old: Vec<&'a str>,
    new: Vec<&'a str>,
}

impl<'a> Mixture<'a> {
    /// Names and whether they were given.
    pub fn new(old: &[(&'a str, bool)], new: &[(&'a str, bool)]) -> Self {
        let given =
            |all: &[(&'a str, bool)]| all.iter().filter(|(_, given)| *given).map(|(name, _)| *name).collect();
        Mixture { old: given(old), new: given(new) }
    }

    /// # Errors
    /// `ValidationException`.
    pub fn refuse(&self) -> Result<(), Refusal> {
        legacy::refuse_mixture(&self.old, &self.new)
    }
}

/// What a write depends on.
pub(super) struct Conditions<'a> {
    pub expression: Option<&'a str>,
    pub expected: &'a Raw,
    pub operator: Option<&'a str>,
    pub on_failure: Option<&'a str>,
}

impl Conditions<'_> {
    /// # Errors
    /// `ValidationException`.
    pub fn read(&self, parameters: &mut Parameters) -> Result<Precondition, ApiError> {
        let tells_item = match self.on_failure {
            None | Some("NONE") => false,
            Some("ALL_OLD") => true,
            Some(other) => {
                return Err(unlisted(
                    &shape::RETURN_VALUES_ON_CONDITION_CHECK_FAILURE,
                    "returnValuesOnConditionCheckFailure",
                    other,
                ));
            }
        };
        let condition = match (self.expression, self.expected) {
            (Some(text), _) => Some(Condition::parse(text, Role::Condition, parameters)?),
            (None, Some(expected)) => Some(legacy::expected(expected.get(), operator(self.operator)?)?),
            (None, None) => None,
        };
        Ok(Precondition { condition, tells_item })
    }
}

/// # Errors
/// `ValidationException`.
pub(super) fn operator(given: Option<&str>) -> Result<ConditionalOperator, ApiError> {
    match given {
        None | Some("AND") => Ok(ConditionalOperator::And),
        Some("OR") => Ok(ConditionalOperator::Or),
        Some(other) => Err(unlisted(&shape::CONDITIONAL_OPERATOR, "conditionalOperator", other)),
    }
}

/// # Errors
/// `ValidationException`.
pub(super) fn projection(
    expression: Option<&str>,
    attributes: &Raw,
    parameters: &mut Parameters,
) -> Result<Option<Projection>, Refusal> {
    match (expression, attributes) {
        (Some(text), _) => parse_projection(text, parameters).map(Some),
        (None, Some(names)) => legacy::attributes_to_get(names.get()).map(Some),
        (None, None) => Ok(None),
    }
}

/// A value that an enumeration does not list, in the words of the model's constraints.
pub(crate) fn unlisted(shape: &Shape, path: &str, value: &str) -> ApiError {
    invalid(format!(
        "1 validation error detected: Value '{value}' at '{path}' failed to satisfy constraint: Member must satisfy \
         enum value set: [{}]",
        shape.values.join(", ")
    ))
}

/// Which image of an item a write answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReturnValues {
    None,
    AllOld,
    UpdatedOld,
    AllNew,
    UpdatedNew,
}

impl ReturnValues {
    /// # Errors
    /// `ValidationException`.
    pub fn read(given: Option<&str>) -> Result<Self, ApiError> {
        Ok(match given {
            None | Some("NONE") => ReturnValues::None,
            Some("ALL_OLD") => ReturnValues::AllOld,
            Some("UPDATED_OLD") => ReturnValues::UpdatedOld,
            Some("ALL_NEW") => ReturnValues::AllNew,
            Some("UPDATED_NEW") => ReturnValues::UpdatedNew,
            Some(other) => return Err(unlisted(&shape::RETURN_VALUE, "returnValues", other)),
        })
    }

    /// Of operations that change no single attributes.
    ///
    /// # Errors
    /// `ValidationException`.
    pub fn old_only(given: Option<&str>) -> Result<Self, ApiError> {
        match Self::read(given)? {
            wanted @ (ReturnValues::None | ReturnValues::AllOld) => Ok(wanted),
            _ => Err(invalid("ReturnValues can only be ALL_OLD or NONE")),
        }
    }
}

/// Whether `ReturnItemCollectionMetrics` asks for them.
///
/// # Errors
/// `ValidationException`.
pub(super) fn metrics(given: Option<&str>) -> Result<bool, ApiError> {
    match given {
        None | Some("NONE") => Ok(false),
        Some("SIZE") => Ok(true),
        Some(other) => {
            Err(unlisted(&shape::RETURN_ITEM_COLLECTION_METRICS, "returnItemCollectionMetrics", other))
        }
    }
}

//! What PutItem and DeleteItem have in common: the members beside the item, and the answer.

use super::parameters::{Conditions, Mixture, Raw, ReturnValues, expression_parameters, metrics};
use super::reply::{Document, Tell};
use super::touched::Touched;
use crate::{ApiError, Reply};
use tables::{Precondition, Written};

pub(super) struct Members<'a> {
    pub condition: Option<&'a str>,
    pub names: &'a Raw,
    pub values: &'a Raw,
    pub expected: &'a Raw,
    pub operator: Option<&'a str>,
    pub on_failure: Option<&'a str>,
    pub return_values: Option<&'a str>,
    pub return_capacity: Option<&'a str>,
    pub return_metrics: Option<&'a str>,
}

/// How a write is to be answered.
pub(super) struct Answer {
    tell: Tell,
    old: bool,
    metrics: bool,
}

impl Members<'_> {
    /// # Errors
    /// `ValidationException`.
    pub fn read(&self) -> Result<(Precondition, Answer), ApiError> {
        let tell = Tell::read(self.return_capacity)?;
        let old = ReturnValues::old_only(self.return_values)? == ReturnValues::AllOld;
        let answer = Answer { tell, old, metrics: metrics(self.return_metrics)? };
        Mixture::new(
            &[("Expected", self.expected.is_some()), ("ConditionalOperator", self.operator.is_some())],
            &[("ConditionExpression", self.condition.is_some())],
        )
        .refuse()?;
        let mut parameters = expression_parameters(self.names, self.values)?;
        let precondition = Conditions {
            expression: self.condition,
            expected: self.expected,
            operator: self.operator,
            on_failure: self.on_failure,
        }
        .read(&mut parameters)?;
        parameters.check_used(self.condition.is_some())?;
        Ok((precondition, answer))
    }

    /// # Errors
    /// `ValidationException`.
    pub fn touch(&self, touched: &mut Touched) -> Result<(), ApiError> {
        let (precondition, _) = self.read()?;
        touched.attributes(precondition.condition.iter().flat_map(|condition| condition.attributes()));
        Ok(())
    }
}

impl Answer {
    /// `table`: as the request named it.
    pub fn reply<T: Default>(&self, table: &str, written: &Written) -> Reply<T> {
        let mut document = Document::new();
        if let Some(old) = written.old.as_ref().filter(|_| self.old) {
            document.item("Attributes", old.view());
        }
        self.tell.consumed(&mut document, table, &written.consumed);
        if let Some(collection) = written.collection.as_ref().filter(|_| self.metrics) {
            document.collection("ItemCollectionMetrics", collection);
        }
        document.into_reply()
    }
}

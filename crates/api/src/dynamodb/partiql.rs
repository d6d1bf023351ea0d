//! What the operations on PartiQL statements have in common: reading them, what each asks of policies, and what each does.

use super::error::invalid;
use super::parameters::unlisted;
use super::touched::{self, ATTRIBUTES, LEADING_KEYS};
use super::transact::ENCLOSING;
use super::{model, target};
use crate::{ApiError, Call, Further};
use access::policy::Context;
use serde_json::value::RawValue;
use tables::expression::{Condition, Parameters, Role};
use tables::key::KeySchema;
use tables::partiql::{Lookup, Reach, Statement};
use tables::{Action, Precondition, TableId, TablesError};

pub(super) const SELECT: &str = "dynamodb:PartiQLSelect";
/// Whether a statement names no partition.
const FULL_SCAN: &str = "dynamodb:FullTableScan";
pub(super) const CONDITION_KEYS: &[&str] =
    &[ATTRIBUTES, ENCLOSING, FULL_SCAN, LEADING_KEYS, "dynamodb:ReturnConsumedCapacity", "dynamodb:Select"];

/// One statement of a request.
pub(super) struct Asked {
    pub statement: Statement,
    pub table: TableId,
    /// Whether a refusal tells the item that was there.
    tells_item: bool,
}

impl Asked {
    /// # Errors
    /// `ValidationException`: no statement, or not of a table.
    pub fn read(
        call: &Call,
        text: &str,
        parameters: Option<&[Box<RawValue>]>,
        on_failure: Option<&str>,
    ) -> Result<Asked, ApiError> {
        if parameters.is_some_and(<[_]>::is_empty) {
            return Err(invalid(
                "1 validation error detected: Value '[]' at 'parameters' failed to satisfy constraint: Member must have \
                 length greater than or equal to 1",
            ));
        }
        let tells_item = match on_failure {
            None | Some("NONE") => false,
            Some("ALL_OLD") => true,
            Some(other) => {
                return Err(unlisted(
                    &model::shape::RETURN_VALUES_ON_CONDITION_CHECK_FAILURE,
                    "returnValuesOnConditionCheckFailure",
                    other,
                ));
            }
        };
        let parameters: Vec<&str> = parameters.unwrap_or_default().iter().map(|one| one.get()).collect();
        let statement = Statement::parse(text, &parameters)?;
        let table = target::table(call, statement.table())?;
        Ok(Asked { statement, table, tells_item })
    }

    /// What IAM calls it.
    /// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-iam.html>
    fn action(&self) -> &'static str {
        match self.statement {
            Statement::Select(_) | Statement::Exists(_) => SELECT,
            Statement::Insert { .. } => "dynamodb:PartiQLInsert",
            Statement::Update(_) => "dynamodb:PartiQLUpdate",
            Statement::Delete(_) => "dynamodb:PartiQLDelete",
        }
    }

    fn index(&self) -> Option<&str> {
        match &self.statement {
            Statement::Select(select) => select.index.as_deref(),
            _ => None,
        }
    }

    pub fn resources(&self) -> Vec<access::Resource> {
        target::rows(&self.table, self.index())
    }

    /// What the statement asks of policies, as part of `enclosing`.
    ///
    /// # Errors
    /// `ValidationException`, `ResourceNotFoundException`; a store fails.
    pub async fn further(
        &self,
        call: &Call,
        capacity: Option<&str>,
        enclosing: Option<&str>,
    ) -> Result<Further, ApiError> {
        let mut conditions = super::conditions(capacity, None);
        if let Some(enclosing) = enclosing {
            conditions.set(ENCLOSING, enclosing);
        }
        if let Statement::Select(select) = &self.statement {
            let chosen = if select.projection().is_some() { "SPECIFIC_ATTRIBUTES" } else { "ALL_ATTRIBUTES" };
            conditions.set("dynamodb:Select", chosen);
            let index = self.index().map(str::to_owned);
            let is_full = match call.services.tables.key_schema(self.table.clone(), index).await {
                Ok(schema) => matches!(select.plan(&schema)?.reach, Reach::Everything),
                Err(error @ (TablesError::Store(_) | TablesError::Corrupt(_))) => return Err(error.into()),
                // Nothing is there to be read, and who may not read it is not told so. By the time that it is read it
                // may be there, so that whoever may not read all of it is refused.
                Err(_) => true,
            };
            conditions.set(FULL_SCAN, is_full.to_string());
        }
        self.touch(call, &mut conditions).await?;
        Ok(Further { action: self.action(), resources: self.resources(), conditions })
    }

    async fn touch(&self, call: &Call, conditions: &mut Context) -> Result<(), ApiError> {
        touched::set(conditions, call, &self.table, self.index(), |schema, touched| {
            match &self.statement {
                Statement::Insert { item, .. } => return touched.item(schema, item),
                Statement::Select(select) => {
                    touched.attributes(select.names());
                    if let Reach::Partitions(partitions) = select.plan(schema)?.reach {
                        for partition in &partitions {
                            touched.partition(schema, partition);
                        }
                    }
                }
                Statement::Exists(select) => {
                    touched.attributes(select.names());
                    touched.key(schema, &select.existing(schema)?.key)?;
                }
                Statement::Update(change) | Statement::Delete(change) => {
                    touched.attributes(change.names());
                    touched.key(schema, &change.of_any(schema)?.key)?;
                }
            }
            Ok(())
        })
        .await
    }

    /// What a statement that writes does.
    ///
    /// # Errors
    /// `ValidationException`: it names no item; `ResourceNotFoundException`; a store fails.
    pub async fn write(&self, call: &Call) -> Result<(Action, Precondition), ApiError> {
        let schema = call.services.tables.key_schema(self.table.clone(), None).await?;
        let (action, condition) = match &self.statement {
            Statement::Insert { item, .. } => (Action::Put(item.clone()), Some(is_missing(&schema)?)),
            Statement::Update(change) => {
                let Lookup { key, condition } = change.of_present(&schema)?;
                (Action::Update { key, update: Some(change.update.clone()) }, condition)
            }
            Statement::Delete(change) => {
                let Lookup { key, condition } = change.of_any(&schema)?;
                (Action::Delete(key), condition)
            }
            Statement::Exists(select) => {
                let Lookup { key, condition } = select.existing(&schema)?;
                (Action::Check(key), condition)
            }
            Statement::Select(_) => return Err(invalid("A SELECT statement writes nothing")),
        };
        Ok((action, Precondition { condition, tells_item: self.tells_item }))
    }
}

fn is_missing(schema: &KeySchema) -> Result<Condition, ApiError> {
    let names = serde_json::json!({ "#pk": schema.partition.name }).to_string();
    let mut parameters = Parameters::from_json(Some(&names), None)?;
    Ok(Condition::parse("attribute_not_exists(#pk)", Role::Condition, &mut parameters)?)
}

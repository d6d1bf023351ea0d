use super::error::invalid;
use super::parameters::{Conditions, Raw, expression_parameters, item, metrics};
use super::reply::{Document, Tell, write_collection, write_list};
use super::touched::{ATTRIBUTES, LEADING_KEYS, Touched};
use super::transact::{self, ENCLOSING, Named};
use super::{model, target};
use crate::{AccessLevel, ApiError, Call, Further, Operation, Reply};
use access::Resource;
use serde_json::value::RawValue;
use tables::expression::Update;
use tables::key::KeySchema;
use tables::{Action, Precondition, Token, TransactAction, TransactWrite};

impl Operation for model::operation::TransactWriteItems {
    const ACTION: &'static str = "dynamodb:PutItem";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] =
        &[ATTRIBUTES, ENCLOSING, LEADING_KEYS, "dynamodb:ReturnConsumedCapacity"];
    const DATA: bool = true;
    const HONOURED: &'static [&'static str] =
        &["ClientRequestToken", "ReturnConsumedCapacity", "ReturnItemCollectionMetrics", "TransactItems"];
    const DIRECT: bool = true;
    const OF_PARTS: bool = true;
    /// Items of 4 MB, binary ones in base64, and what stands around them.
    const BODY_MAX: usize = 16 * 1024 * 1024;

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        transact::check_count("transactItems", input.transact_items.len())?;
        let (named, _) = Named::read(call, Part::all(input)?.iter().map(|part| part.table))?;
        Ok(named.tables().flat_map(target::resources).collect())
    }

    async fn further(call: &Call, input: &Self::Input) -> Result<Vec<Further>, ApiError> {
        let mut asked = Vec::with_capacity(input.transact_items.len());
        for part in Part::all(input)? {
            let conditions = super::conditions(input.return_consumed_capacity.as_deref(), None);
            let table = target::table(call, part.table)?;
            let tell = |schema: &KeySchema, touched: &mut Touched| part.touch(schema, touched);
            let one = transact::asked(call, part.action(), "TransactWriteItems", &table, conditions, tell);
            asked.push(one.await?);
        }
        Ok(asked)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let tell = Tell::read(input.return_consumed_capacity.as_deref())?;
        let metrics = metrics(input.return_item_collection_metrics.as_deref())?;
        let parts = Part::all(&input)?;
        let (named, tables) = Named::read(&call, parts.iter().map(|part| part.table))?;
        let mut actions = Vec::with_capacity(parts.len());
        for (part, table) in parts.iter().zip(tables) {
            let (action, precondition) = part.read()?;
            actions.push(TransactAction { table, action, precondition });
        }
        let token = token(&call, input.client_request_token.as_deref(), &input.transact_items)?;
        let written = call.services.tables.transact_write(TransactWrite { actions, token }).await?;
        let mut document = Document::new();
        if metrics {
            document.object("ItemCollectionMetrics", |collections| {
                for (table, changed) in &written.collections {
                    write_list(changed, collections.named(named.name(table)), write_collection);
                }
            });
        }
        if tell != Tell::Nothing {
            let side = if written.repeated { "ReadCapacityUnits" } else { "WriteCapacityUnits" };
            let all =
                written.consumed.iter().map(|(table, taken)| tell.shown_as(side, named.name(table), taken));
            document.value("ConsumedCapacity", &all.collect());
        }
        Ok(document.into_reply())
    }
}

/// A client request token, with a digest of what was asked: the same for the same members in another order, as some SDKs
/// send them.
///
/// # Errors
/// `ValidationException`.
pub(super) fn token(
    call: &Call,
    text: Option<&str>,
    asked: &impl serde::Serialize,
) -> Result<Option<Token>, ApiError> {
    transact::check_token(text)?;
    let Some(text) = text else { return Ok(None) };
    let asked = serde_json::to_string(asked).map_err(ApiError::internal)?;
    let sorted: serde_json::Value = serde_json::from_str(&asked).map_err(ApiError::internal)?;
    let digest = tables::digest(sorted.to_string().as_bytes());
    let (account, region) = (call.account.clone(), call.region.clone());
    Ok(Some(Token { account, region, text: text.to_owned(), digest }))
}

enum What<'a> {
    Check,
    Put,
    Delete,
    Update(&'a str),
}

/// One action, whatever it is.
struct Part<'a> {
    what: What<'a>,
    table: &'a str,
    /// Of the item, or the item.
    key: &'a RawValue,
    condition: Option<&'a str>,
    names: &'a Raw,
    values: &'a Raw,
    on_failure: Option<&'a str>,
}

impl<'a> Part<'a> {
    fn all(input: &'a model::TransactWriteItemsInput) -> Result<Vec<Part<'a>>, ApiError> {
        input.transact_items.iter().map(Part::of).collect()
    }

    fn of(one: &'a model::TransactWriteItem) -> Result<Part<'a>, ApiError> {
        match (&one.condition_check, &one.put, &one.delete, &one.update) {
            (Some(check), None, None, None) => Ok(Part {
                what: What::Check,
                table: &check.table_name,
                key: &check.key,
                condition: Some(&check.condition_expression),
                names: &check.expression_attribute_names,
                values: &check.expression_attribute_values,
                on_failure: check.return_values_on_condition_check_failure.as_deref(),
            }),
            (None, Some(put), None, None) => Ok(Part {
                what: What::Put,
                table: &put.table_name,
                key: &put.item,
                condition: put.condition_expression.as_deref(),
                names: &put.expression_attribute_names,
                values: &put.expression_attribute_values,
                on_failure: put.return_values_on_condition_check_failure.as_deref(),
            }),
            (None, None, Some(delete), None) => Ok(Part {
                what: What::Delete,
                table: &delete.table_name,
                key: &delete.key,
                condition: delete.condition_expression.as_deref(),
                names: &delete.expression_attribute_names,
                values: &delete.expression_attribute_values,
                on_failure: delete.return_values_on_condition_check_failure.as_deref(),
            }),
            (None, None, None, Some(update)) => Ok(Part {
                what: What::Update(&update.update_expression),
                table: &update.table_name,
                key: &update.key,
                condition: update.condition_expression.as_deref(),
                names: &update.expression_attribute_names,
                values: &update.expression_attribute_values,
                on_failure: update.return_values_on_condition_check_failure.as_deref(),
            }),
            _ => Err(invalid("TransactItems can only contain one of Check, Put, Update or Delete")),
        }
    }

    /// What IAM calls it.
    fn action(&self) -> &'static str {
        match self.what {
            What::Check => "dynamodb:ConditionCheckItem",
            What::Put => "dynamodb:PutItem",
            What::Delete => "dynamodb:DeleteItem",
            What::Update(_) => "dynamodb:UpdateItem",
        }
    }

    fn read(&self) -> Result<(Action, Precondition), ApiError> {
        let mut parameters = expression_parameters(self.names, self.values)?;
        let update = match self.what {
            What::Update(text) => Some(Update::parse(text, &mut parameters)?),
            _ => None,
        };
        let precondition = Conditions {
            expression: self.condition,
            expected: &None,
            operator: None,
            on_failure: self.on_failure,
        }
        .read(&mut parameters)?;
        parameters.check_used(update.is_some() || self.condition.is_some())?;
        let item = item(self.key)?;
        let action = match self.what {
            What::Check => Action::Check(item),
            What::Put => Action::Put(item),
            What::Delete => Action::Delete(item),
            What::Update(_) => Action::Update { key: item, update },
        };
        Ok((action, precondition))
    }

    fn touch(&self, schema: &KeySchema, touched: &mut Touched) -> Result<(), ApiError> {
        let (action, precondition) = self.read()?;
        match &action {
            Action::Put(item) => touched.item(schema, item)?,
            Action::Update { key, update } => {
                touched.key(schema, key)?;
                touched.attributes(update.iter().flat_map(Update::attributes));
            }
            Action::Delete(key) | Action::Check(key) => touched.key(schema, key)?,
        }
        touched.attributes(precondition.condition.iter().flat_map(|condition| condition.attributes()));
        Ok(())
    }
}

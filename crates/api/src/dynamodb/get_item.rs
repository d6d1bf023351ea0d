use super::parameters::{Mixture, Raw, expression_parameters, item, projection};
use super::reply::{Document, Tell};
use super::touched::{self, ATTRIBUTES, LEADING_KEYS};
use super::{model, target};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::policy::Context;
use tables::value::Projection;

impl Operation for model::operation::GetItem {
    const ACTION: &'static str = "dynamodb:GetItem";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] =
        &[ATTRIBUTES, LEADING_KEYS, "dynamodb:ReturnConsumedCapacity", "dynamodb:Select"];
    const DATA: bool = true;
    const HONOURED: &'static [&'static str] = &[
        "AttributesToGet",
        "ConsistentRead",
        "ExpressionAttributeNames",
        "Key",
        "ProjectionExpression",
        "ReturnConsumedCapacity",
        "TableName",
    ];
    const DIRECT: bool = true;

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target::table(call, &input.table_name).map(|table| target::resources(&table))
    }

    async fn conditions(call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        let selected = programs(
            input.projection_expression.as_deref(),
            &input.attributes_to_get,
            &input.expression_attribute_names,
        )?;
        let mut context = super::read_conditions(
            input.return_consumed_capacity.as_deref(),
            Some(if selected.is_some() { "SPECIFIC_ATTRIBUTES" } else { "ALL_ATTRIBUTES" }),
        );
        let table = target::table(call, &input.table_name)?;
        touched::set(&mut context, call, &table, None, |schema, touched| {
            touched.key(schema, &item(&input.key)?)?;
            touched.attributes(selected.iter().flat_map(Projection::attributes));
            Ok(())
        })
        .await?;
        Ok(context)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let table = target::table(&call, &input.table_name)?;
        let tell = Tell::read(input.return_consumed_capacity.as_deref())?;
        let projection = programs(
            input.projection_expression.as_deref(),
            &input.attributes_to_get,
            &input.expression_attribute_names,
        )?;
        let request = tables::GetItem {
            table,
            key: item(&input.key)?,
            projection,
            consistent: input.consistent_read.unwrap_or(false),
        };
        let found = call.services.tables.get_item(request).await?;
        let mut document = Document::new();
        if let Some(item) = &found.item {
            document.item("Item", item.view());
        }
        tell.consumed(&mut document, &input.table_name, &found.consumed);
        Ok(document.into_reply())
    }
}

/// What of an item is asked for; `None`: all.
///
/// # Errors
/// `ValidationException`.
pub(super) fn programs(
    expression: Option<&str>,
    attributes: &Raw,
    names: &Raw,
) -> Result<Option<Projection>, ApiError> {
    Mixture::new(
        &[("AttributesToGet", attributes.is_some())],
        &[("ProjectionExpression", expression.is_some())],
    )
    .refuse()?;
    let mut parameters = expression_parameters(names, &None)?;
    let projection = projection(expression, attributes, &mut parameters)?;
    parameters.check_used(expression.is_some())?;
    Ok(projection)
}

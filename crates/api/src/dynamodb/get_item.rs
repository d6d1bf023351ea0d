use super::parameters::{Mixture, expression_parameters, item, projection};
use super::reply::{Document, Tell};
use super::{model, target};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::policy::Context;

impl Operation for model::operation::GetItem {
    const ACTION: &'static str = "dynamodb:GetItem";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &["dynamodb:ReturnConsumedCapacity"];
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

    async fn conditions(_call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        Ok(super::conditions(input.return_consumed_capacity.as_deref(), None))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let table = target::table(&call, &input.table_name)?;
        let tell = Tell::read(input.return_consumed_capacity.as_deref())?;
        let has_expression = input.projection_expression.is_some();
        Mixture::new(
            &[("AttributesToGet", input.attributes_to_get.is_some())],
            &[("ProjectionExpression", has_expression)],
        )
        .refuse()?;
        let mut parameters = expression_parameters(&input.expression_attribute_names, &None)?;
        let projection =
            projection(input.projection_expression.as_deref(), &input.attributes_to_get, &mut parameters)?;
        parameters.check_used(has_expression)?;
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

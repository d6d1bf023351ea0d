use super::parameters::item;
use super::touched::{self, ATTRIBUTES, LEADING_KEYS};
use super::write::Members;
use super::{model, target};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::policy::Context;

impl Operation for model::operation::PutItem {
    const ACTION: &'static str = "dynamodb:PutItem";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] =
        &[ATTRIBUTES, LEADING_KEYS, "dynamodb:ReturnConsumedCapacity", "dynamodb:ReturnValues"];
    const DATA: bool = true;
    const HONOURED: &'static [&'static str] = &[
        "ConditionExpression",
        "ConditionalOperator",
        "Expected",
        "ExpressionAttributeNames",
        "ExpressionAttributeValues",
        "Item",
        "ReturnConsumedCapacity",
        "ReturnItemCollectionMetrics",
        "ReturnValues",
        "ReturnValuesOnConditionCheckFailure",
        "TableName",
    ];
    const DIRECT: bool = true;

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target::table(call, &input.table_name).map(|table| target::resources(&table))
    }

    async fn conditions(call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        let mut context =
            super::conditions(input.return_consumed_capacity.as_deref(), input.return_values.as_deref());
        let table = target::table(call, &input.table_name)?;
        touched::set(&mut context, call, &table, None, |schema, touched| {
            touched.item(schema, &item(&input.item)?)?;
            members(input).touch(touched)
        })
        .await?;
        Ok(context)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let table = target::table(&call, &input.table_name)?;
        let (precondition, answer) = members(&input).read()?;
        let request = tables::PutItem { table, item: item(&input.item)?, precondition };
        let written = call.services.tables.put_item(request).await?;
        Ok(answer.reply(&input.table_name, &written))
    }
}

fn members(input: &model::PutItemInput) -> Members<'_> {
    Members {
        condition: input.condition_expression.as_deref(),
        names: &input.expression_attribute_names,
        values: &input.expression_attribute_values,
        expected: &input.expected,
        operator: input.conditional_operator.as_deref(),
        on_failure: input.return_values_on_condition_check_failure.as_deref(),
        return_values: input.return_values.as_deref(),
        return_capacity: input.return_consumed_capacity.as_deref(),
        return_metrics: input.return_item_collection_metrics.as_deref(),
    }
}

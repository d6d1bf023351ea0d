use super::parameters::{Conditions, Mixture, ReturnValues, expression_parameters, item, refuse_metrics};
use super::reply::{Document, Tell};
use super::{model, target};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::policy::Context;

impl Operation for model::operation::DeleteItem {
    const ACTION: &'static str = "dynamodb:DeleteItem";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] =
        &["dynamodb:ReturnConsumedCapacity", "dynamodb:ReturnValues"];
    const DATA: bool = true;
    const HONOURED: &'static [&'static str] = &[
        "ConditionExpression",
        "ConditionalOperator",
        "Expected",
        "ExpressionAttributeNames",
        "ExpressionAttributeValues",
        "Key",
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

    async fn conditions(_call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        Ok(super::conditions(input.return_consumed_capacity.as_deref(), input.return_values.as_deref()))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let table = target::table(&call, &input.table_name)?;
        let tell = Tell::read(input.return_consumed_capacity.as_deref())?;
        let wanted = ReturnValues::old_only(input.return_values.as_deref())?;
        refuse_metrics(input.return_item_collection_metrics.as_deref())?;
        Mixture::new(
            &[
                ("Expected", input.expected.is_some()),
                ("ConditionalOperator", input.conditional_operator.is_some()),
            ],
            &[("ConditionExpression", input.condition_expression.is_some())],
        )
        .refuse()?;
        let mut parameters =
            expression_parameters(&input.expression_attribute_names, &input.expression_attribute_values)?;
        let precondition = Conditions {
            expression: input.condition_expression.as_deref(),
            expected: &input.expected,
            operator: input.conditional_operator.as_deref(),
            on_failure: input.return_values_on_condition_check_failure.as_deref(),
        }
        .read(&mut parameters)?;
        parameters.check_used(input.condition_expression.is_some())?;
        let request = tables::DeleteItem { table, key: item(&input.key)?, precondition };
        let written = call.services.tables.delete_item(request).await?;
        let mut document = Document::new();
        if let Some(old) = written.old.filter(|_| wanted == ReturnValues::AllOld) {
            document.item("Attributes", old.view());
        }
        tell.consumed(&mut document, &input.table_name, &written.consumed);
        Ok(document.into_reply())
    }
}

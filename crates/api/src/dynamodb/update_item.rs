use super::parameters::{Conditions, Mixture, ReturnValues, expression_parameters, item, metrics};
use super::reply::{Document, Tell};
use super::touched::{self, ATTRIBUTES, LEADING_KEYS};
use super::{model, target};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::policy::Context;
use tables::expression::Update;
use tables::{Precondition, legacy};

impl Operation for model::operation::UpdateItem {
    const ACTION: &'static str = "dynamodb:UpdateItem";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] =
        &[ATTRIBUTES, LEADING_KEYS, "dynamodb:ReturnConsumedCapacity", "dynamodb:ReturnValues"];
    const DATA: bool = true;
    const HONOURED: &'static [&'static str] = &[
        "AttributeUpdates",
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
        "UpdateExpression",
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
            touched.key(schema, &item(&input.key)?)?;
            let (update, precondition) = programs(input)?;
            touched.attributes(update.iter().flat_map(Update::attributes));
            touched.attributes(precondition.condition.iter().flat_map(|condition| condition.attributes()));
            Ok(())
        })
        .await?;
        Ok(context)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let table = target::table(&call, &input.table_name)?;
        let tell = Tell::read(input.return_consumed_capacity.as_deref())?;
        let wanted = ReturnValues::read(input.return_values.as_deref())?;
        let metrics = metrics(input.return_item_collection_metrics.as_deref())?;
        let (update, precondition) = programs(&input)?;
        let touched = update.as_ref().map(Update::touched).unwrap_or_default();
        let request = tables::UpdateItem { table, key: item(&input.key)?, update, precondition };
        let written = call.services.tables.update_item(request).await?;
        let image = match wanted {
            ReturnValues::None => None,
            ReturnValues::AllOld => written.old,
            ReturnValues::AllNew => written.new,
            ReturnValues::UpdatedOld => written.old.map(|old| touched.apply(old.view())),
            ReturnValues::UpdatedNew => written.new.map(|new| touched.apply(new.view())),
        };
        let mut document = Document::new();
        if let Some(image) = image.filter(|image| !image.view().is_empty()) {
            document.item("Attributes", image.view());
        }
        tell.consumed(&mut document, &input.table_name, &written.consumed);
        if let Some(collection) = written.collection.as_ref().filter(|_| metrics) {
            document.collection("ItemCollectionMetrics", collection);
        }
        Ok(document.into_reply())
    }
}

fn programs(input: &model::UpdateItemInput) -> Result<(Option<Update>, Precondition), ApiError> {
    let expressions = [
        ("UpdateExpression", input.update_expression.is_some()),
        ("ConditionExpression", input.condition_expression.is_some()),
    ];
    Mixture::new(
        &[
            ("AttributeUpdates", input.attribute_updates.is_some()),
            ("Expected", input.expected.is_some()),
            ("ConditionalOperator", input.conditional_operator.is_some()),
        ],
        &expressions,
    )
    .refuse()?;
    let mut parameters =
        expression_parameters(&input.expression_attribute_names, &input.expression_attribute_values)?;
    let update = match (&input.update_expression, &input.attribute_updates) {
        (Some(text), _) => Some(Update::parse(text, &mut parameters)?),
        (None, Some(updates)) => Some(legacy::attribute_updates(updates.get())?),
        (None, None) => None,
    };
    let precondition = Conditions {
        expression: input.condition_expression.as_deref(),
        expected: &input.expected,
        operator: input.conditional_operator.as_deref(),
        on_failure: input.return_values_on_condition_check_failure.as_deref(),
    }
    .read(&mut parameters)?;
    parameters.check_used(expressions.iter().any(|(_, given)| *given))?;
    Ok((update, precondition))
}

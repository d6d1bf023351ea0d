use super::parameters::{Mixture, expression_parameters, item, operator, projection};
use super::reply::Tell;
use super::touched::{self, ATTRIBUTES, LEADING_KEYS};
use super::{model, paged, target};
use crate::dynamodb::error::invalid;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::policy::Context;
use tables::expression::{Condition, KeyCondition, Role};
use tables::key::KeySchema;
use tables::legacy::{self, ConditionalOperator};
use tables::value::Projection;
use tables::{Bounds, Refusal, Select, Selection};

impl Operation for model::operation::Query {
    const ACTION: &'static str = "dynamodb:Query";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] =
        &[ATTRIBUTES, LEADING_KEYS, "dynamodb:ReturnConsumedCapacity", "dynamodb:Select"];
    const DATA: bool = true;
    const HONOURED: &'static [&'static str] = &[
        "AttributesToGet",
        "ConditionalOperator",
        "ConsistentRead",
        "ExclusiveStartKey",
        "ExpressionAttributeNames",
        "ExpressionAttributeValues",
        "FilterExpression",
        "IndexName",
        "KeyConditionExpression",
        "KeyConditions",
        "Limit",
        "ProjectionExpression",
        "QueryFilter",
        "ReturnConsumedCapacity",
        "ScanIndexForward",
        "Select",
        "TableName",
    ];
    const DIRECT: bool = true;

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        let table = target::table(call, &input.table_name)?;
        Ok(target::rows(&table, input.index_name.as_deref()))
    }

    async fn conditions(call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        let (select, joined) = select(input)?;
        let mut context =
            super::read_conditions(input.return_consumed_capacity.as_deref(), Some(paged::named(select)));
        let table = target::table(call, &input.table_name)?;
        touched::set(&mut context, call, &table, input.index_name.as_deref(), |schema, touched| {
            let (condition, selection) = programs(input, select, joined, schema)?;
            touched.partition(schema, &condition);
            touched.attributes(selection.filter.iter().flat_map(Condition::attributes));
            touched.attributes(selection.projection.iter().flat_map(Projection::attributes));
            Ok(())
        })
        .await?;
        Ok(context)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let table = target::table(&call, &input.table_name)?;
        let tell = Tell::read(input.return_consumed_capacity.as_deref())?;
        let (select, joined) = select(&input)?;
        let bounds = Bounds {
            index: input.index_name.clone(),
            limit: paged::limit(input.limit)?,
            start: input.exclusive_start_key.as_deref().map(item).transpose()?,
            backwards: input.scan_index_forward == Some(false),
            consistent: input.consistent_read.unwrap_or(false),
        };
        let name = input.table_name.clone();
        let programs: tables::Programs = Box::new(move |schema| programs(&input, select, joined, schema));
        let page = call.services.tables.query(tables::Query { table, bounds, programs }).await?;
        Ok(paged::replied(&page, select, tell, &name))
    }
}

/// What is selected, and how legacy conditions are joined.
///
/// # Errors
/// `ValidationException`: members that do not go together.
fn select(input: &model::QueryInput) -> Result<(Select, ConditionalOperator), ApiError> {
    Mixture::new(
        &[
            ("AttributesToGet", input.attributes_to_get.is_some()),
            ("QueryFilter", input.query_filter.is_some()),
            ("ConditionalOperator", input.conditional_operator.is_some()),
            ("KeyConditions", input.key_conditions.is_some()),
        ],
        &[
            ("ProjectionExpression", input.projection_expression.is_some()),
            ("FilterExpression", input.filter_expression.is_some()),
            ("KeyConditionExpression", input.key_condition_expression.is_some()),
        ],
    )
    .refuse()?;
    if input.key_condition_expression.is_none() && input.key_conditions.is_none() {
        return Err(invalid(
            "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.",
        ));
    }
    let has_projection = input.projection_expression.is_some() || input.attributes_to_get.is_some();
    let select = paged::select(input.select.as_deref(), has_projection, input.index_name.is_some())?;
    Ok((select, operator(input.conditional_operator.as_deref())?))
}

fn programs(
    input: &model::QueryInput,
    select: Select,
    joined: ConditionalOperator,
    schema: &KeySchema,
) -> Result<(KeyCondition, Selection), Refusal> {
    let mut parameters =
        expression_parameters(&input.expression_attribute_names, &input.expression_attribute_values)?;
    let condition = match (&input.key_condition_expression, &input.key_conditions) {
        (Some(text), _) => KeyCondition::parse(text, &mut parameters, schema)?,
        (None, Some(conditions)) => legacy::key_conditions(conditions.get(), schema)?,
        (None, None) => legacy::key_conditions("{}", schema)?,
    };
    let filter = match (&input.filter_expression, &input.query_filter) {
        (Some(text), _) => Some(Condition::parse(text, Role::Filter, &mut parameters)?),
        (None, Some(filter)) => Some(legacy::filter(filter.get(), joined)?),
        (None, None) => None,
    };
    if let Some(filter) = &filter {
        paged::refuse_keys(filter, schema)?;
    }
    let projection =
        projection(input.projection_expression.as_deref(), &input.attributes_to_get, &mut parameters)?;
    parameters.check_used(input.key_condition_expression.is_some())?;
    Ok((condition, Selection { filter, projection, select }))
}

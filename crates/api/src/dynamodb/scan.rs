use super::error::invalid;
use super::parameters::{Mixture, expression_parameters, item, operator, projection};
use super::reply::Tell;
use super::touched::{self, ATTRIBUTES};
use super::{model, paged, target};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::policy::Context;
use tables::expression::{Condition, Role};
use tables::value::Projection;
use tables::{Bounds, Segment, Selection, legacy};

/// Segments of one scan, at most.
const SEGMENTS_MAX: i32 = 1_000_000;

impl Operation for model::operation::Scan {
    const ACTION: &'static str = "dynamodb:Scan";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] =
        &[ATTRIBUTES, "dynamodb:ReturnConsumedCapacity", "dynamodb:Select"];
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
        "Limit",
        "ProjectionExpression",
        "ReturnConsumedCapacity",
        "ScanFilter",
        "Segment",
        "Select",
        "TableName",
        "TotalSegments",
    ];
    const DIRECT: bool = true;

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        let table = target::table(call, &input.table_name)?;
        Ok(target::rows(&table, input.index_name.as_deref()))
    }

    async fn conditions(call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        let selection = selection(input)?;
        let mut context = super::read_conditions(
            input.return_consumed_capacity.as_deref(),
            Some(paged::named(selection.select)),
        );
        let table = target::table(call, &input.table_name)?;
        touched::set(&mut context, call, &table, input.index_name.as_deref(), |_, touched| {
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
        let segment = segment(input.segment, input.total_segments)?;
        let selection = selection(&input)?;
        let select = selection.select;
        let request = tables::Scan {
            table,
            bounds: Bounds {
                index: input.index_name,
                limit: paged::limit(input.limit)?,
                start: input.exclusive_start_key.as_deref().map(item).transpose()?,
                backwards: false,
                consistent: input.consistent_read.unwrap_or(false),
            },
            selection,
            segment,
        };
        let page = call.services.tables.scan(request).await?;
        Ok(paged::replied(&page, select, tell, &input.table_name))
    }
}

/// # Errors
/// `ValidationException`.
fn selection(input: &model::ScanInput) -> Result<Selection, ApiError> {
    let expressions = [
        ("ProjectionExpression", input.projection_expression.is_some()),
        ("FilterExpression", input.filter_expression.is_some()),
    ];
    Mixture::new(
        &[
            ("AttributesToGet", input.attributes_to_get.is_some()),
            ("ScanFilter", input.scan_filter.is_some()),
            ("ConditionalOperator", input.conditional_operator.is_some()),
        ],
        &expressions,
    )
    .refuse()?;
    let has_projection = input.projection_expression.is_some() || input.attributes_to_get.is_some();
    let select = paged::select(input.select.as_deref(), has_projection, input.index_name.is_some())?;
    let mut parameters =
        expression_parameters(&input.expression_attribute_names, &input.expression_attribute_values)?;
    let filter = match (&input.filter_expression, &input.scan_filter) {
        (Some(text), _) => Some(Condition::parse(text, Role::Filter, &mut parameters)?),
        (None, Some(filter)) => {
            Some(legacy::filter(filter.get(), operator(input.conditional_operator.as_deref())?)?)
        }
        (None, None) => None,
    };
    let projection =
        projection(input.projection_expression.as_deref(), &input.attributes_to_get, &mut parameters)?;
    parameters.check_used(expressions.iter().any(|(_, given)| *given))?;
    Ok(Selection { filter, projection, select })
}

fn segment(number: Option<i32>, of: Option<i32>) -> Result<Option<Segment>, ApiError> {
    let (number, of) = match (number, of) {
        (None, None) => return Ok(None),
        (Some(number), Some(of)) => (number, of),
        (Some(_), None) => {
            return Err(invalid(
                "The TotalSegments parameter is required but was not present in the request when Segment parameter is \
                 present",
            ));
        }
        (None, Some(_)) => {
            return Err(invalid(
                "The Segment parameter is required but was not present in the request when parameter TotalSegments is \
                 present",
            ));
        }
    };
    if !(1..=SEGMENTS_MAX).contains(&of) {
        return Err(invalid(format!("TotalSegments must be 1 to {SEGMENTS_MAX}")));
    }
    match (u32::try_from(number), u32::try_from(of)) {
        (Ok(number), Ok(of)) if number < of => Ok(Some(Segment { number, of })),
        _ => Err(invalid(format!(
            "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: {number} is \
             not less than TotalSegments: {of}"
        ))),
    }
}

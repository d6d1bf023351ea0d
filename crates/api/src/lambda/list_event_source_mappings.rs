use super::event_source_mapping::{self, function_arn, to_wire};
use super::model;
use super::target::page_size;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use triggers::MappingsOf;

impl Operation for model::operation::ListEventSourceMappings {
    const ACTION: &'static str = "lambda:ListEventSourceMappings";
    const LEVEL: AccessLevel = AccessLevel::List;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["EventSourceArn", "FunctionName", "Marker", "MaxItems"];

    async fn resources(call: &Call, _: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        Ok(event_source_mapping::all(call))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let function = input.function_name.as_deref().map(|name| function_arn(&call, name)).transpose()?;
        let asked = MappingsOf {
            account: call.account.clone(),
            region: call.region.clone(),
            function_arn: function.map(|arn| arn.to_string()),
            source_arn: input.event_source_arn,
        };
        let page = call.services.mappings.list(asked, input.marker, page_size(input.max_items, 100)).await?;
        let mappings = page.mappings.into_iter().map(|mapping| to_wire(&call, mapping, None)).collect();
        Ok(Reply::new(model::ListEventSourceMappingsResponse {
            event_source_mappings: Some(mappings),
            next_marker: page.marker,
        }))
    }
}

use super::event_invoke_config::to_wire;
use super::model;
use super::target::{page_size, whole};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::ListFunctionEventInvokeConfigs {
    const ACTION: &'static str = "lambda:ListFunctionEventInvokeConfigs";
    const LEVEL: AccessLevel = AccessLevel::List;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["FunctionName", "Marker", "MaxItems"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        whole(call, &input.function_name).map(|target| target.resources())
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let id = whole(&call, &input.function_name)?.id;
        let max = page_size(input.max_items, 50);
        let page = call.services.functions.list_event_invoke_configs(id.clone(), input.marker, max).await?;
        let configs =
            page.items.into_iter().map(|(qualifier, record)| to_wire(&id.qualified_arn(qualifier), record));
        Ok(Reply::new(model::ListFunctionEventInvokeConfigsResponse {
            function_event_invoke_configs: Some(configs.collect()),
            next_marker: page.next_marker,
        }))
    }
}

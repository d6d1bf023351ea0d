use super::configuration::to_wire;
use super::model;
use super::target::{page_size, whole};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::ListVersionsByFunction {
    const ACTION: &'static str = "lambda:ListVersionsByFunction";
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
        let page = call.services.functions.list_versions(id, input.marker, max).await?;
        Ok(Reply::new(model::ListVersionsByFunctionResponse {
            versions: Some(page.items.iter().map(to_wire).collect()),
            next_marker: page.next_marker,
        }))
    }
}

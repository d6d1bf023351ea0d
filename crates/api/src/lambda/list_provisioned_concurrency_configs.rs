use super::model;
use super::provisioned_concurrency::list_item;
use super::target::{page_size, whole};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::ListProvisionedConcurrencyConfigs {
    const ACTION: &'static str = "lambda:ListProvisionedConcurrencyConfigs";
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
        let functions = &call.services.functions;
        let page = functions.list_provisioned_concurrency(id.clone(), input.marker, max).await?;
        let configs = page
            .items
            .into_iter()
            .map(|(qualifier, state)| list_item(id.qualified_arn(qualifier).to_string(), &state));
        Ok(Reply::new(model::ListProvisionedConcurrencyConfigsResponse {
            provisioned_concurrency_configs: Some(configs.collect()),
            next_marker: page.next_marker,
        }))
    }
}

use super::function_url_config::{address, cors_to_wire};
use super::model;
use super::target::{page_size, whole};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::ListFunctionUrlConfigs {
    const ACTION: &'static str = "lambda:ListFunctionUrlConfigs";
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
        let page = call.services.functions.list_function_urls(id.clone(), input.marker, max).await?;
        let configs = page.items.into_iter().map(|(alias, url)| {
            let arn = id.arn_with((!alias.is_empty()).then_some(alias)).to_string();
            model::FunctionUrlConfig {
                function_url: address(&call, &url),
                function_arn: arn,
                auth_type: url.auth.as_str().to_owned(),
                cors: url.cors.map(cors_to_wire),
                creation_time: url.created.to_iso8601(),
                last_modified_time: url.modified.to_iso8601(),
                invoke_mode: Some(url.invoke_mode.as_str().to_owned()),
            }
        });
        Ok(Reply::new(model::ListFunctionUrlConfigsResponse {
            function_url_configs: configs.collect(),
            next_marker: page.next_marker,
        }))
    }
}

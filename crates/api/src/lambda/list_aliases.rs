use super::alias::to_wire;
use super::model;
use super::target::{page_size, whole};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use functions::parse_version;

impl Operation for model::operation::ListAliases {
    const ACTION: &'static str = "lambda:ListAliases";
    const LEVEL: AccessLevel = AccessLevel::List;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["FunctionName", "FunctionVersion", "Marker", "MaxItems"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        whole(call, &input.function_name).map(|target| target.resources())
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let id = whole(&call, &input.function_name)?.id;
        let version = input.function_version.as_deref().map(parse_version).transpose()?;
        let max = page_size(input.max_items, 50);
        let page = call.services.functions.list_aliases(id.clone(), version, input.marker, max).await?;
        Ok(Reply::new(model::ListAliasesResponse {
            aliases: Some(page.items.into_iter().map(|alias| to_wire(&id, alias)).collect()),
            next_marker: page.next_marker,
        }))
    }
}

use super::layer::item;
use super::model;
use super::target::{all, page_size};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::ListLayers {
    const ACTION: &'static str = "lambda:ListLayers";
    const LEVEL: AccessLevel = AccessLevel::List;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["Marker", "MaxItems"];

    async fn resources(call: &Call, _input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        Ok(all(call, "layer"))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let max = page_size(input.max_items, 50);
        let (account, region) = (call.account, call.region);
        let page = call.services.functions.list_layers(account, region, input.marker, max).await?;
        let layers = page.items.into_iter().map(|(id, version)| model::LayersListItem {
            layer_arn: Some(id.arn().to_string()),
            latest_matching_version: Some(item(&id, version)),
            layer_name: Some(id.name),
        });
        Ok(Reply::new(model::ListLayersResponse {
            layers: Some(layers.collect()),
            next_marker: page.next_marker,
        }))
    }
}

use super::layer::{item, resources};
use super::model;
use super::target::{layer, page_size};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::ListLayerVersions {
    const ACTION: &'static str = "lambda:ListLayerVersions";
    const LEVEL: AccessLevel = AccessLevel::List;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["LayerName", "Marker", "MaxItems"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        Ok(resources(&layer(call, &input.layer_name)?))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let id = layer(&call, &input.layer_name)?;
        let max = page_size(input.max_items, 50);
        let page = call.services.functions.list_layer_versions(id.clone(), input.marker, max).await?;
        Ok(Reply::new(model::ListLayerVersionsResponse {
            layer_versions: Some(page.items.into_iter().map(|version| item(&id, version)).collect()),
            next_marker: page.next_marker,
        }))
    }
}

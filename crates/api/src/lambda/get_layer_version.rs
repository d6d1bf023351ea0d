use super::layer::{to_wire, version_number, version_resources};
use super::model;
use super::target::layer;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::GetLayerVersion {
    const ACTION: &'static str = "lambda:GetLayerVersion";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["LayerName", "VersionNumber"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        let number = version_number(input.version_number)?;
        Ok(version_resources(&layer(call, &input.layer_name)?, number))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let (id, number) = (layer(&call, &input.layer_name)?, version_number(input.version_number)?);
        let version = call.services.functions.get_layer_version(id.clone(), number).await?;
        Ok(Reply::new(to_wire(&call, &id, version)))
    }
}

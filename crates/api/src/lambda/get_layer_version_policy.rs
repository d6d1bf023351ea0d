use super::layer::{version_number, version_resources};
use super::model;
use super::target::layer;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::GetLayerVersionPolicy {
    const ACTION: &'static str = "lambda:GetLayerVersionPolicy";
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
        let resource = id.version_arn(number).to_string();
        let policy = call.services.functions.get_layer_policy(id, number).await?;
        Ok(Reply::new(model::GetLayerVersionPolicyResponse {
            policy: Some(policy.to_json(&resource).to_string()),
            revision_id: Some(policy.revision_id),
        }))
    }
}

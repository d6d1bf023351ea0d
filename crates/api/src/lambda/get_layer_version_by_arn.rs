use super::layer::{to_wire, version_resources};
use super::model;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use functions::LayerId;

impl Operation for model::operation::GetLayerVersionByArn {
    const ACTION: &'static str = "lambda:GetLayerVersion";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["Arn"];

    async fn resources(_call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        let (id, number) = LayerId::parse_version(&input.arn)?;
        Ok(version_resources(&id, number))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let (id, number) = LayerId::parse_version(&input.arn)?;
        let version = call.services.functions.get_layer_version(id.clone(), number).await?;
        Ok(Reply::new(to_wire(&call, &id, version)))
    }
}

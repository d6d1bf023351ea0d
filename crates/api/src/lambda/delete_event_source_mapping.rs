use super::event_source_mapping::{self, to_wire};
use super::model;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::policy::Context;

impl Operation for model::operation::DeleteEventSourceMapping {
    const ACTION: &'static str = "lambda:DeleteEventSourceMapping";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = event_source_mapping::CONDITION_KEYS;
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["UUID"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        Ok(event_source_mapping::resources(call, &input.uuid))
    }

    async fn conditions(call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        event_source_mapping::conditions(call, &input.uuid).await
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let mapping = call.services.mappings.delete(event_source_mapping::id(&call, &input.uuid)).await?;
        Ok(Reply::new(to_wire(&call, mapping, Some("Deleting"))))
    }
}

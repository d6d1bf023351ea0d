use super::model;
use super::provisioned_concurrency::{qualified, shown};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::GetProvisionedConcurrencyConfig {
    const ACTION: &'static str = "lambda:GetProvisionedConcurrencyConfig";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["FunctionName", "Qualifier"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        qualified(call, &input.function_name, &input.qualifier).map(|(target, _)| target.resources())
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let (target, qualifier) = qualified(&call, &input.function_name, &input.qualifier)?;
        let state = call.services.functions.get_provisioned_concurrency(target.id, qualifier).await?;
        let shown = shown(&state);
        Ok(Reply::new(model::GetProvisionedConcurrencyConfigResponse {
            requested_provisioned_concurrent_executions: Some(shown.requested),
            available_provisioned_concurrent_executions: Some(shown.available),
            allocated_provisioned_concurrent_executions: Some(shown.allocated),
            status: Some(shown.status),
            status_reason: shown.status_reason,
            last_modified: Some(shown.last_modified),
        }))
    }
}

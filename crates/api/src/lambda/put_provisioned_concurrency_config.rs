use super::configuration::unsigned;
use super::model;
use super::provisioned_concurrency::{qualified, shown};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::PutProvisionedConcurrencyConfig {
    const ACTION: &'static str = "lambda:PutProvisionedConcurrencyConfig";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] =
        &["FunctionName", "Qualifier", "ProvisionedConcurrentExecutions"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        qualified(call, &input.function_name, &input.qualifier).map(|(target, _)| target.resources())
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let (target, qualifier) = qualified(&call, &input.function_name, &input.qualifier)?;
        let requested = unsigned("ProvisionedConcurrentExecutions", input.provisioned_concurrent_executions)?;
        let functions = &call.services.functions;
        let state = functions.put_provisioned_concurrency(target.id, qualifier, requested).await?;
        let shown = shown(&state);
        Ok(Reply::new(model::PutProvisionedConcurrencyConfigResponse {
            requested_provisioned_concurrent_executions: Some(shown.requested),
            available_provisioned_concurrent_executions: Some(shown.available),
            allocated_provisioned_concurrent_executions: Some(shown.allocated),
            status: Some(shown.status),
            status_reason: shown.status_reason,
            last_modified: Some(shown.last_modified),
        }))
    }
}

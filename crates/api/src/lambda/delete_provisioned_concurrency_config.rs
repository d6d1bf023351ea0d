use super::model;
use super::provisioned_concurrency::qualified;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::DeleteProvisionedConcurrencyConfig {
    const ACTION: &'static str = "lambda:DeleteProvisionedConcurrencyConfig";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["FunctionName", "Qualifier"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        qualified(call, &input.function_name, &input.qualifier).map(|(target, _)| target.resources())
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let (target, qualifier) = qualified(&call, &input.function_name, &input.qualifier)?;
        call.services.functions.delete_provisioned_concurrency(target.id, qualifier).await?;
        Ok(Reply::new(()))
    }
}

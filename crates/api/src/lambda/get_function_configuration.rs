use super::configuration::to_wire;
use super::model;
use super::target::target;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::GetFunctionConfiguration {
    const ACTION: &'static str = "lambda:GetFunctionConfiguration";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["FunctionName", "Qualifier"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target(call, &input.function_name, input.qualifier.as_deref()).map(|target| target.resources())
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let target = target(&call, &input.function_name, input.qualifier.as_deref())?;
        let details = call.services.functions.get_function(target.id, target.qualifier).await?;
        Ok(Reply::new(to_wire(&details.described)))
    }
}

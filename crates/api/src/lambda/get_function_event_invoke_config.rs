use super::event_invoke_config::to_wire;
use super::model;
use super::target::target;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::GetFunctionEventInvokeConfig {
    const ACTION: &'static str = "lambda:GetFunctionEventInvokeConfig";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["FunctionName", "Qualifier"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target(call, &input.function_name, input.qualifier.as_deref()).map(|target| target.resources())
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let target = target(&call, &input.function_name, input.qualifier.as_deref())?;
        let arn = target.latest_arn();
        let record = call.services.functions.get_event_invoke_config(target.id, target.qualifier).await?;
        Ok(Reply::new(to_wire(&arn, record)))
    }
}

use super::model;
use super::target::target;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use http::StatusCode;

impl Operation for model::operation::DeleteFunction {
    const ACTION: &'static str = "lambda:DeleteFunction";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["FunctionName", "Qualifier"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target(call, &input.function_name, input.qualifier.as_deref()).map(|target| target.resources())
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let target = target(&call, &input.function_name, input.qualifier.as_deref())?;
        call.services.functions.delete_function(target.id, target.qualifier).await?;
        Ok(Reply::new(model::DeleteFunctionResponse::default()).with_status(StatusCode::NO_CONTENT))
    }
}

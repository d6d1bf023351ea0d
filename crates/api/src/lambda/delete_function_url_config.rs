use super::conditions;
use super::model;
use super::target::target;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::policy::Context;

impl Operation for model::operation::DeleteFunctionUrlConfig {
    const ACTION: &'static str = "lambda:DeleteFunctionUrlConfig";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = conditions::OF_URLS;
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["FunctionName", "Qualifier"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target(call, &input.function_name, input.qualifier.as_deref()).map(|target| target.resources())
    }

    async fn conditions(call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        conditions::of_url(call, &input.function_name, input.qualifier.as_deref(), None).await
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let target = target(&call, &input.function_name, input.qualifier.as_deref())?;
        call.services.functions.delete_function_url(target.id, target.qualifier).await?;
        Ok(Reply::new(()))
    }
}

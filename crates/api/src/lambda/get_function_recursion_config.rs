use super::model;
use super::put_function_recursion_config::text;
use super::target::whole;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::GetFunctionRecursionConfig {
    const ACTION: &'static str = "lambda:GetFunctionRecursionConfig";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["FunctionName"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        whole(call, &input.function_name).map(|target| target.resources())
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let id = whole(&call, &input.function_name)?.id;
        let may_recur = call.services.functions.get_function_recursion_config(id).await?;
        Ok(Reply::new(model::GetFunctionRecursionConfigResponse { recursive_loop: Some(text(may_recur)) }))
    }
}

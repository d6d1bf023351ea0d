use super::configuration::small;
use super::model;
use super::target::whole;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::GetFunctionConcurrency {
    const ACTION: &'static str = "lambda:GetFunctionConcurrency";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["FunctionName"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        whole(call, &input.function_name).map(|target| target.resources())
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let id = whole(&call, &input.function_name)?.id;
        let reserved = call.services.functions.get_function_concurrency(id).await?;
        Ok(Reply::new(model::GetFunctionConcurrencyResponse {
            reserved_concurrent_executions: reserved.map(small),
        }))
    }
}

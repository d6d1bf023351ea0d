use super::configuration::{small, unsigned};
use super::model;
use super::target::whole;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::PutFunctionConcurrency {
    const ACTION: &'static str = "lambda:PutFunctionConcurrency";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["FunctionName", "ReservedConcurrentExecutions"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        whole(call, &input.function_name).map(|target| target.resources())
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let id = whole(&call, &input.function_name)?.id;
        let reserved = unsigned("ReservedConcurrentExecutions", input.reserved_concurrent_executions)?;
        call.services.functions.put_function_concurrency(id, Some(reserved)).await?;
        Ok(Reply::new(model::Concurrency { reserved_concurrent_executions: Some(small(reserved)) }))
    }
}

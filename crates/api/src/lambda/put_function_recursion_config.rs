use super::error::invalid;
use super::model;
use super::target::whole;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::PutFunctionRecursionConfig {
    const ACTION: &'static str = "lambda:PutFunctionRecursionConfig";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["FunctionName", "RecursiveLoop"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        whole(call, &input.function_name).map(|target| target.resources())
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let id = whole(&call, &input.function_name)?.id;
        let may_recur = match input.recursive_loop.as_str() {
            "Allow" => true,
            "Terminate" => false,
            other => return Err(invalid(format!("RecursiveLoop {other:?} is unknown"))),
        };
        call.services.functions.put_function_recursion_config(id, may_recur).await?;
        Ok(Reply::new(model::PutFunctionRecursionConfigResponse { recursive_loop: Some(text(may_recur)) }))
    }
}

pub(super) fn text(may_recur: bool) -> String {
    if may_recur { "Allow" } else { "Terminate" }.to_owned()
}

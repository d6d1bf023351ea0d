use super::model;
use super::target::whole;
use crate::tag_conditions;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::policy::Context;

impl Operation for model::operation::TagResource {
    const ACTION: &'static str = "lambda:TagResource";
    const LEVEL: AccessLevel = AccessLevel::Tagging;
    const CONDITION_KEYS: &'static [&'static str] = &["aws:RequestTag/", "aws:TagKeys"];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["Resource", "Tags"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        whole(call, &input.resource).map(|target| target.resources())
    }

    async fn conditions(_call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        Ok(tag_conditions::requested(&input.tags))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let id = whole(&call, &input.resource)?.id;
        call.services.functions.tag_function(id, input.tags).await?;
        Ok(Reply::new(()))
    }
}

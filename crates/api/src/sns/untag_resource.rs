use super::{model, target};
use crate::tag_conditions;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::policy::Context;

impl Operation for model::operation::UntagResource {
    const ACTION: &'static str = "sns:UntagResource";
    const LEVEL: AccessLevel = AccessLevel::Tagging;
    const CONDITION_KEYS: &'static [&'static str] = &["aws:TagKeys"];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["ResourceArn", "TagKeys"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target::resources(call, &input.resource_arn)
    }

    async fn conditions(_call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        Ok(tag_conditions::removed(&input.tag_keys))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let id = target::topic(&call, &input.resource_arn)?;
        call.services.topics.untag(id, input.tag_keys).await?;
        Ok(Reply::new(model::UntagResourceResponse {}))
    }
}

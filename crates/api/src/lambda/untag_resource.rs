use super::model;
use super::tagged::Tagged;
use crate::tag_conditions;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::policy::Context;

impl Operation for model::operation::UntagResource {
    const ACTION: &'static str = "lambda:UntagResource";
    const LEVEL: AccessLevel = AccessLevel::Tagging;
    const CONDITION_KEYS: &'static [&'static str] = &["aws:TagKeys"];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["Resource", "TagKeys"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        Tagged::named(call, &input.resource).map(|tagged| tagged.resources())
    }

    async fn conditions(_call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        Ok(tag_conditions::removed(&input.tag_keys))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        Tagged::named(&call, &input.resource)?.untag(&call, input.tag_keys).await?;
        Ok(Reply::new(()))
    }
}

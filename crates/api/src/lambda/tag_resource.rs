use super::model;
use super::tagged::Tagged;
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
        Tagged::named(call, &input.resource).map(|tagged| tagged.resources())
    }

    async fn conditions(_call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        Ok(tag_conditions::requested(&input.tags))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        Tagged::named(&call, &input.resource)?.tag(&call, input.tags).await?;
        Ok(Reply::new(()))
    }
}

use super::model;
use super::tagged::Tagged;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::ListTags {
    const ACTION: &'static str = "lambda:ListTags";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["Resource"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        Tagged::named(call, &input.resource).map(|tagged| tagged.resources())
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let tags = Tagged::named(&call, &input.resource)?.tags(&call).await?;
        Ok(Reply::new(model::ListTagsResponse { tags: Some(tags) }))
    }
}

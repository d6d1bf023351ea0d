use super::tags;
use super::{model, target};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::ListTagsForResource {
    const ACTION: &'static str = "sns:ListTagsForResource";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["ResourceArn"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target::resources(call, &input.resource_arn)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let id = target::topic(&call, &input.resource_arn)?;
        let tags = call.services.topics.tags(&id).await?;
        Ok(Reply::new(model::ListTagsForResourceResponse { tags: Some(tags::shown(tags)) }))
    }
}

use super::{model, target};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::ListQueueTags {
    const ACTION: &'static str = "sqs:ListQueueTags";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = true;
    const HONOURED: &'static [&'static str] = &["QueueUrl"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target::resources(call, &input.queue_url)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let id = target::queue(&call, &input.queue_url)?;
        let tags = call.services.queues.tags(&id).await?;
        Ok(Reply::new(model::ListQueueTagsResult { tags: (!tags.is_empty()).then_some(tags) }))
    }
}

use super::{model, target};
use crate::tag_conditions;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::policy::Context;

impl Operation for model::operation::TagQueue {
    const ACTION: &'static str = "sqs:TagQueue";
    const LEVEL: AccessLevel = AccessLevel::Tagging;
    const CONDITION_KEYS: &'static [&'static str] = &["aws:RequestTag/", "aws:TagKeys"];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["QueueUrl", "Tags"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target::resources(call, &input.queue_url)
    }

    async fn conditions(_call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        Ok(tag_conditions::requested(&input.tags))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let id = target::queue(&call, &input.queue_url)?;
        call.services.queues.tag(id, input.tags).await?;
        Ok(Reply::new(()))
    }
}

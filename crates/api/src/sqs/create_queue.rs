use super::{model, target};
use crate::tag_conditions;
use crate::{AccessLevel, ApiError, Call, Further, Operation, Reply};
use access::Resource;
use access::policy::Context;

impl Operation for model::operation::CreateQueue {
    const ACTION: &'static str = "sqs:CreateQueue";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &["aws:RequestTag/", "aws:TagKeys"];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["Attributes", "QueueName", "tags"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        Ok(target::of(&target::named(call, &input.queue_name)?))
    }

    async fn conditions(_call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        Ok(tag_conditions::requested(input.tags.iter().flatten()))
    }

    async fn further(call: &Call, input: &Self::Input) -> Result<Vec<Further>, ApiError> {
        let resources = Self::resources(call, input).await?;
        Ok(tag_conditions::tagging("sqs:TagQueue", resources, Self::conditions(call, input).await?))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let id = target::named(&call, &input.queue_name)?;
        let (attributes, tags) = (input.attributes.unwrap_or_default(), input.tags.unwrap_or_default());
        call.services.queues.create_queue(id.clone(), attributes, tags).await?;
        Ok(Reply::new(model::CreateQueueResult { queue_url: Some(target::url(&call, &id)) }))
    }
}

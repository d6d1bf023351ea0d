use super::tags;
use super::{model, target};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use crate::{Further, tag_conditions};
use access::Resource;
use access::policy::Context;

impl Operation for model::operation::CreateTopic {
    const ACTION: &'static str = "sns:CreateTopic";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &["aws:RequestTag/", "aws:TagKeys"];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["Attributes", "Name", "Tags"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        Ok(vec![Resource::new(target::named(call, &input.name)?.arn())])
    }

    async fn conditions(_call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        let tags = input.tags.iter().flatten();
        Ok(tag_conditions::requested(tags.map(|tag| (&tag.key, &tag.value))))
    }

    async fn further(call: &Call, input: &Self::Input) -> Result<Vec<Further>, ApiError> {
        let resources = Self::resources(call, input).await?;
        Ok(tag_conditions::tagging("sns:TagResource", resources, Self::conditions(call, input).await?))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let id = target::named(&call, &input.name)?;
        let tags = tags::read(input.tags.unwrap_or_default());
        call.services.topics.create_topic(id.clone(), input.attributes.unwrap_or_default(), tags).await?;
        Ok(Reply::new(model::CreateTopicResponse { topic_arn: Some(id.arn().to_string()) }))
    }
}

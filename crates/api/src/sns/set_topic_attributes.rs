use super::{model, target};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::SetTopicAttributes {
    const ACTION: &'static str = "sns:SetTopicAttributes";
    const LEVEL: AccessLevel = AccessLevel::PermissionsManagement;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["AttributeName", "AttributeValue", "TopicArn"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target::resources(call, &input.topic_arn)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let id = target::topic(&call, &input.topic_arn)?;
        let value = input.attribute_value.unwrap_or_default();
        call.services.topics.set_topic_attribute(id, input.attribute_name, value).await?;
        Ok(Reply::new(()))
    }
}

use super::{model, subscription};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::SetSubscriptionAttributes {
    const ACTION: &'static str = "sns:SetSubscriptionAttributes";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["AttributeName", "AttributeValue", "SubscriptionArn"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        subscription::resources(call, &input.subscription_arn).await
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let id = subscription::id(&input.subscription_arn)?;
        let value = input.attribute_value.unwrap_or_default();
        call.services.topics.set_subscription_attribute(id, input.attribute_name, value).await?;
        Ok(Reply::new(()))
    }
}

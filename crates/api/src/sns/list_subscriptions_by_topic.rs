use super::subscription;
use super::{model, target};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::ListSubscriptionsByTopic {
    const ACTION: &'static str = "sns:ListSubscriptionsByTopic";
    const LEVEL: AccessLevel = AccessLevel::List;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["NextToken", "TopicArn"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target::resources(call, &input.topic_arn)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let topic = target::topic(&call, &input.topic_arn)?;
        let context = format!("sns subscriptions of {}", topic.arn());
        let after = target::after(&call, &context, input.next_token.as_deref())?;
        let page = call.services.topics.list_subscriptions_by_topic(topic, after, target::PAGE).await?;
        Ok(Reply::new(model::ListSubscriptionsByTopicResponse {
            subscriptions: Some(page.subscriptions.iter().map(subscription::shown).collect()),
            next_token: page.last.map(|last| target::next(&call, &context, &last)),
        }))
    }
}

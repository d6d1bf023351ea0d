use super::{model, subscription};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::Unsubscribe {
    const ACTION: &'static str = "sns:Unsubscribe";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["SubscriptionArn"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        subscription::resources(call, &input.subscription_arn).await
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let id = subscription::id(&input.subscription_arn)?;
        call.services.topics.unsubscribe(id).await?;
        Ok(Reply::new(()))
    }
}

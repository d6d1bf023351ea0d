use super::{model, target};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::policy::Context;
use topics::Subscribe;

impl Operation for model::operation::Subscribe {
    const ACTION: &'static str = "sns:Subscribe";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &["sns:Endpoint", "sns:Protocol"];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] =
        &["Attributes", "Endpoint", "Protocol", "ReturnSubscriptionArn", "TopicArn"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target::resources(call, &input.topic_arn)
    }

    async fn conditions(_call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        let mut context = Context::new();
        context.set("sns:Protocol", &input.protocol);
        if let Some(endpoint) = &input.endpoint {
            context.set("sns:Endpoint", endpoint);
        }
        Ok(context)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let asked = Subscribe {
            topic: target::topic(&call, &input.topic_arn)?,
            protocol: input.protocol,
            endpoint: input.endpoint.unwrap_or_default(),
            attributes: input.attributes.unwrap_or_default(),
            owner: call.account.clone(),
            principal: call.principal.arn(),
            address: call.endpoint.clone(),
        };
        let subscribed = call.services.topics.subscribe(asked).await?;
        let arn = match subscribed.is_pending && input.return_subscription_arn != Some(true) {
            true => "pending confirmation".to_owned(),
            false => subscribed.id.arn().to_string(),
        };
        Ok(Reply::new(model::SubscribeResponse { subscription_arn: Some(arn) }))
    }
}

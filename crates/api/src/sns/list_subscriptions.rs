use super::subscription;
use super::{model, target};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

const CONTEXT: &str = "sns subscriptions";

impl Operation for model::operation::ListSubscriptions {
    const ACTION: &'static str = "sns:ListSubscriptions";
    const LEVEL: AccessLevel = AccessLevel::List;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["NextToken"];

    async fn resources(call: &Call, _input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        Ok(target::all(call))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let after = target::after(&call, CONTEXT, input.next_token.as_deref())?;
        let (account, region) = (call.account.clone(), call.region.clone());
        let page = call.services.topics.list_subscriptions(account, region, after, target::PAGE).await?;
        Ok(Reply::new(model::ListSubscriptionsResponse {
            subscriptions: Some(page.subscriptions.iter().map(subscription::shown).collect()),
            next_token: page.last.map(|last| target::next(&call, CONTEXT, &last)),
        }))
    }
}

use super::{model, target};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

const CONTEXT: &str = "sns topics";

impl Operation for model::operation::ListTopics {
    const ACTION: &'static str = "sns:ListTopics";
    const LEVEL: AccessLevel = AccessLevel::List;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["NextToken"];

    async fn resources(call: &Call, _input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        Ok(target::all(call))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let after = target::after(&call, CONTEXT, input.next_token.as_deref())?;
        let after = after.map(String::from_utf8).transpose().map_err(|_| target::bad_token())?;
        let (account, region) = (call.account.clone(), call.region.clone());
        let page = call.services.topics.list_topics(account, region, after, target::PAGE).await?;
        let topics = page.topics.iter().map(|id| model::Topic { topic_arn: Some(id.arn().to_string()) });
        Ok(Reply::new(model::ListTopicsResponse {
            topics: Some(topics.collect()),
            next_token: page.last.map(|last| target::next(&call, CONTEXT, last.as_bytes())),
        }))
    }
}

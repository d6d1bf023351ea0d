use super::{model, tags, target};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::ListTagsOfResource {
    const ACTION: &'static str = "dynamodb:ListTagsOfResource";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    // A table has no more tags than one page holds, so there is never a token to come back with.
    const HONOURED: &'static [&'static str] = &["ResourceArn"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target::by_arn(call, &input.resource_arn).map(|table| target::resources(&table))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let table = target::by_arn(&call, &input.resource_arn)?;
        let tags = tags::shown(call.services.tables.tags(table).await?);
        Ok(Reply::new(model::ListTagsOfResourceOutput { tags: Some(tags), next_token: None }))
    }
}

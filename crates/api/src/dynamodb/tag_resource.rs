use super::{model, tags, target};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::policy::Context;

impl Operation for model::operation::TagResource {
    const ACTION: &'static str = "dynamodb:TagResource";
    const LEVEL: AccessLevel = AccessLevel::Tagging;
    const CONDITION_KEYS: &'static [&'static str] = &["aws:RequestTag/", "aws:TagKeys"];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["ResourceArn", "Tags"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target::by_arn(call, &input.resource_arn).map(|table| target::resources(&table))
    }

    async fn conditions(_call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        Ok(tags::requested(&input.tags))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let table = target::by_arn(&call, &input.resource_arn)?;
        call.services.tables.tag(table, tags::read(Some(input.tags))).await?;
        Ok(Reply::new(()))
    }
}

use super::conditions;
use super::model;
use super::resources::policy;
use super::tags;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::policy::Context;

impl Operation for model::operation::TagPolicy {
    const ACTION: &'static str = "iam:TagPolicy";
    const LEVEL: AccessLevel = AccessLevel::Tagging;
    const CONDITION_KEYS: &'static [&'static str] = &["aws:RequestTag/", "aws:TagKeys"];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["PolicyArn", "Tags"];

    async fn resources(_call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        policy(&input.policy_arn)
    }

    async fn conditions(_call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        Ok(conditions::tagged(Some(&input.tags)))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        let tags = tags::read(Some(input.tags));
        iam.tag_policy(call.account, input.policy_arn, tags).await?;
        Ok(Reply::new(()))
    }
}

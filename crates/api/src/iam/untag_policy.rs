use super::model;
use super::resources::policy;
use crate::tag_conditions;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::policy::Context;

impl Operation for model::operation::UntagPolicy {
    const ACTION: &'static str = "iam:UntagPolicy";
    const LEVEL: AccessLevel = AccessLevel::Tagging;
    const CONDITION_KEYS: &'static [&'static str] = &["aws:TagKeys"];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["PolicyArn", "TagKeys"];

    async fn resources(_call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        policy(&input.policy_arn)
    }

    async fn conditions(_call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        Ok(tag_conditions::removed(&input.tag_keys))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        iam.untag_policy(call.account, input.policy_arn, input.tag_keys).await?;
        Ok(Reply::new(()))
    }
}

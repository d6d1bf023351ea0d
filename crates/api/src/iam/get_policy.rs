use super::managed_policy;
use super::model;
use super::resources::policy;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::GetPolicy {
    const ACTION: &'static str = "iam:GetPolicy";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["PolicyArn"];

    async fn resources(_call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        policy(&input.policy_arn)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        let policy = iam.get_policy(call.account, input.policy_arn).await?;
        Ok(Reply::new(model::GetPolicyResponse { policy: Some(managed_policy::shown(policy)) }))
    }
}

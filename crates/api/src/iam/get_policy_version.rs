use super::managed_policy;
use super::model;
use super::resources::policy;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::GetPolicyVersion {
    const ACTION: &'static str = "iam:GetPolicyVersion";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["PolicyArn", "VersionId"];

    async fn resources(_call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        policy(&input.policy_arn)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        let version = iam.get_policy_version(call.account, input.policy_arn, input.version_id).await?;
        let shown = managed_policy::version(version);
        Ok(Reply::new(model::GetPolicyVersionResponse { policy_version: Some(shown) }))
    }
}

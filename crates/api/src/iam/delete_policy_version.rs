use super::model;
use super::resources::policy;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::DeletePolicyVersion {
    const ACTION: &'static str = "iam:DeletePolicyVersion";
    const LEVEL: AccessLevel = AccessLevel::PermissionsManagement;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["PolicyArn", "VersionId"];

    async fn resources(_call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        policy(&input.policy_arn)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        iam.delete_policy_version(call.account, input.policy_arn, input.version_id).await?;
        Ok(Reply::new(()))
    }
}

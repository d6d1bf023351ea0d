use super::managed_policy;
use super::model;
use super::resources::policy;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::CreatePolicyVersion {
    const ACTION: &'static str = "iam:CreatePolicyVersion";
    const LEVEL: AccessLevel = AccessLevel::PermissionsManagement;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["PolicyArn", "PolicyDocument", "SetAsDefault"];

    async fn resources(_call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        policy(&input.policy_arn)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        let (arn, text) = (input.policy_arn, input.policy_document);
        let is_default = input.set_as_default.unwrap_or(false);
        let version = iam.create_policy_version(call.account, arn, text, is_default).await?;
        let shown = managed_policy::version(version);
        Ok(Reply::new(model::CreatePolicyVersionResponse { policy_version: Some(shown) }))
    }
}

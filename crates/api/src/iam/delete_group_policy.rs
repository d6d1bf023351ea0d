use super::model;
use super::resources::holder;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::iam::Group;

impl Operation for model::operation::DeleteGroupPolicy {
    const ACTION: &'static str = "iam:DeleteGroupPolicy";
    const LEVEL: AccessLevel = AccessLevel::PermissionsManagement;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["GroupName", "PolicyName"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        holder::<Group>(call, &input.group_name).await
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        iam.delete_inline_policy::<Group>(call.account, input.group_name, input.policy_name).await?;
        Ok(Reply::new(()))
    }
}

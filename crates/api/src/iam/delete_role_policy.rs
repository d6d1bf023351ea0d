use super::conditions;
use super::model;
use super::resources::holder;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::iam::Role;
use access::policy::Context;

impl Operation for model::operation::DeleteRolePolicy {
    const ACTION: &'static str = "iam:DeleteRolePolicy";
    const LEVEL: AccessLevel = AccessLevel::PermissionsManagement;
    const CONDITION_KEYS: &'static [&'static str] = &["iam:PermissionsBoundary"];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["RoleName", "PolicyName"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        holder::<Role>(call, &input.role_name).await
    }

    async fn conditions(call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        conditions::bounded::<Role>(call, &input.role_name).await
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        let (role, name) = (input.role_name, input.policy_name);
        iam.delete_inline_policy::<Role>(call.account, role, name).await?;
        Ok(Reply::new(()))
    }
}

use super::conditions;
use super::model;
use super::resources::holder;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::iam::Role;
use access::policy::Context;

impl Operation for model::operation::DeleteRolePermissionsBoundary {
    const ACTION: &'static str = "iam:DeleteRolePermissionsBoundary";
    const LEVEL: AccessLevel = AccessLevel::PermissionsManagement;
    const CONDITION_KEYS: &'static [&'static str] = &["iam:PermissionsBoundary"];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["RoleName"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        holder::<Role>(call, &input.role_name).await
    }

    async fn conditions(call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        conditions::bounded::<Role>(call, &input.role_name).await
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        iam.delete_permissions_boundary::<Role>(call.account, input.role_name).await?;
        Ok(Reply::new(()))
    }
}

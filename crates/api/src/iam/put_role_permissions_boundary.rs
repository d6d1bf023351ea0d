use super::conditions;
use super::model;
use super::resources::holder;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::iam::Role;
use access::policy::Context;

impl Operation for model::operation::PutRolePermissionsBoundary {
    const ACTION: &'static str = "iam:PutRolePermissionsBoundary";
    const LEVEL: AccessLevel = AccessLevel::PermissionsManagement;
    const CONDITION_KEYS: &'static [&'static str] = &["iam:PermissionsBoundary"];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["RoleName", "PermissionsBoundary"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        holder::<Role>(call, &input.role_name).await
    }

    async fn conditions(_call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        Ok(conditions::made(None, Some(&input.permissions_boundary)))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        let arn = input.permissions_boundary;
        iam.put_permissions_boundary::<Role>(call.account, input.role_name, arn).await?;
        Ok(Reply::new(()))
    }
}

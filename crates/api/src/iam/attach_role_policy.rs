use super::conditions;
use super::model;
use super::resources::holder;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::iam::Role;
use access::policy::Context;

impl Operation for model::operation::AttachRolePolicy {
    const ACTION: &'static str = "iam:AttachRolePolicy";
    const LEVEL: AccessLevel = AccessLevel::PermissionsManagement;
    const CONDITION_KEYS: &'static [&'static str] = &["iam:PolicyARN", "iam:PermissionsBoundary"];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["RoleName", "PolicyArn"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        holder::<Role>(call, &input.role_name).await
    }

    async fn conditions(call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        conditions::attaching::<Role>(call, &input.role_name, &input.policy_arn).await
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        iam.attach_policy::<Role>(call.account, input.role_name, input.policy_arn).await?;
        Ok(Reply::new(()))
    }
}

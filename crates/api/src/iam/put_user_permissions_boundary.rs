use super::conditions;
use super::model;
use super::resources::holder;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::iam::User;
use access::policy::Context;

impl Operation for model::operation::PutUserPermissionsBoundary {
    const ACTION: &'static str = "iam:PutUserPermissionsBoundary";
    const LEVEL: AccessLevel = AccessLevel::PermissionsManagement;
    const CONDITION_KEYS: &'static [&'static str] = &["iam:PermissionsBoundary"];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["UserName", "PermissionsBoundary"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        holder::<User>(call, &input.user_name).await
    }

    async fn conditions(_call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        Ok(conditions::made(None, Some(&input.permissions_boundary)))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        let (user, arn) = (input.user_name, input.permissions_boundary);
        iam.put_permissions_boundary::<User>(call.account, user, arn).await?;
        Ok(Reply::new(()))
    }
}

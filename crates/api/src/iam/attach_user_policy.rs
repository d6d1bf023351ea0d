use super::conditions;
use super::model;
use super::resources::holder;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::iam::User;
use access::policy::Context;

impl Operation for model::operation::AttachUserPolicy {
    const ACTION: &'static str = "iam:AttachUserPolicy";
    const LEVEL: AccessLevel = AccessLevel::PermissionsManagement;
    const CONDITION_KEYS: &'static [&'static str] = &["iam:PolicyARN", "iam:PermissionsBoundary"];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["UserName", "PolicyArn"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        holder::<User>(call, &input.user_name).await
    }

    async fn conditions(call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        conditions::attaching::<User>(call, &input.user_name, &input.policy_arn).await
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        iam.attach_policy::<User>(call.account, input.user_name, input.policy_arn).await?;
        Ok(Reply::new(()))
    }
}

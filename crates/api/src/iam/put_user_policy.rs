use super::conditions;
use super::model;
use super::resources::holder;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::iam::User;
use access::policy::Context;

impl Operation for model::operation::PutUserPolicy {
    const ACTION: &'static str = "iam:PutUserPolicy";
    const LEVEL: AccessLevel = AccessLevel::PermissionsManagement;
    const CONDITION_KEYS: &'static [&'static str] = &["iam:PermissionsBoundary"];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["UserName", "PolicyName", "PolicyDocument"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        holder::<User>(call, &input.user_name).await
    }

    async fn conditions(call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        conditions::bounded::<User>(call, &input.user_name).await
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        let (user, name, text) = (input.user_name, input.policy_name, input.policy_document);
        iam.put_policy::<User>(call.account, user, name, text).await?;
        Ok(Reply::new(()))
    }
}

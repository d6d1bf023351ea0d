use super::conditions;
use super::model;
use super::resources::holder;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::iam::Group;
use access::policy::Context;

impl Operation for model::operation::DetachGroupPolicy {
    const ACTION: &'static str = "iam:DetachGroupPolicy";
    const LEVEL: AccessLevel = AccessLevel::PermissionsManagement;
    const CONDITION_KEYS: &'static [&'static str] = &["iam:PolicyARN"];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["GroupName", "PolicyArn"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        holder::<Group>(call, &input.group_name).await
    }

    async fn conditions(call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        conditions::attaching::<Group>(call, &input.group_name, &input.policy_arn).await
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        iam.detach_policy::<Group>(call.account, input.group_name, input.policy_arn).await?;
        Ok(Reply::new(()))
    }
}

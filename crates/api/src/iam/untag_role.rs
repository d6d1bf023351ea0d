use super::model;
use super::resources::holder;
use crate::tag_conditions;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::iam::Role;
use access::policy::Context;

impl Operation for model::operation::UntagRole {
    const ACTION: &'static str = "iam:UntagRole";
    const LEVEL: AccessLevel = AccessLevel::Tagging;
    const CONDITION_KEYS: &'static [&'static str] = &["aws:TagKeys"];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["RoleName", "TagKeys"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        holder::<Role>(call, &input.role_name).await
    }

    async fn conditions(_call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        Ok(tag_conditions::removed(&input.tag_keys))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        iam.untag::<Role>(call.account, input.role_name, input.tag_keys).await?;
        Ok(Reply::new(()))
    }
}

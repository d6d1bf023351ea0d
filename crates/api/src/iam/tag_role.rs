use super::conditions;
use super::model;
use super::resources::holder;
use super::tags;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::iam::Role;
use access::policy::Context;

impl Operation for model::operation::TagRole {
    const ACTION: &'static str = "iam:TagRole";
    const LEVEL: AccessLevel = AccessLevel::Tagging;
    const CONDITION_KEYS: &'static [&'static str] = &["aws:RequestTag/", "aws:TagKeys"];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["RoleName", "Tags"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        holder::<Role>(call, &input.role_name).await
    }

    async fn conditions(_call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        Ok(conditions::tagged(Some(&input.tags)))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        let tags = tags::read(Some(input.tags));
        iam.tag::<Role>(call.account, input.role_name, tags).await?;
        Ok(Reply::new(()))
    }
}

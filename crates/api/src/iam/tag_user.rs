use super::conditions;
use super::model;
use super::resources::holder;
use super::tags;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::iam::User;
use access::policy::Context;

impl Operation for model::operation::TagUser {
    const ACTION: &'static str = "iam:TagUser";
    const LEVEL: AccessLevel = AccessLevel::Tagging;
    const CONDITION_KEYS: &'static [&'static str] = &["aws:RequestTag/", "aws:TagKeys"];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["UserName", "Tags"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        holder::<User>(call, &input.user_name).await
    }

    async fn conditions(_call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        Ok(conditions::tagged(Some(&input.tags)))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        iam.tag::<User>(call.account, input.user_name, tags::read(Some(input.tags))).await?;
        Ok(Reply::new(()))
    }
}

use super::conditions;
use super::model;
use super::resources;
use super::tags;
use super::user;
use crate::tag_conditions;
use crate::{AccessLevel, ApiError, Call, Further, Operation, Reply};
use access::Resource;
use access::iam::NewUser;
use access::policy::Context;

impl Operation for model::operation::CreateUser {
    const ACTION: &'static str = "iam:CreateUser";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] =
        &["aws:RequestTag/", "aws:TagKeys", "iam:PermissionsBoundary"];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["UserName", "Path", "PermissionsBoundary", "Tags"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        resources::new(call, "user", input.path.as_deref(), &input.user_name)
    }

    async fn conditions(_call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        Ok(conditions::made(input.tags.as_ref(), input.permissions_boundary.as_ref()))
    }

    async fn further(call: &Call, input: &Self::Input) -> Result<Vec<Further>, ApiError> {
        let made = conditions::tagged(input.tags.as_ref());
        let resources = Self::resources(call, input).await?;
        Ok(tag_conditions::tagging("iam:TagUser", resources, made))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        let new = NewUser {
            name: input.user_name,
            path: input.path,
            boundary: input.permissions_boundary,
            tags: tags::read(input.tags),
        };
        let made = iam.create_user(call.account, new).await?;
        Ok(Reply::new(model::CreateUserResponse { user: Some(user::shown(&made)) }))
    }
}

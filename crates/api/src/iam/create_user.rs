use super::model;
use super::resources;
use super::tags;
use super::user;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::iam::NewUser;

impl Operation for model::operation::CreateUser {
    const ACTION: &'static str = "iam:CreateUser";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["UserName", "Path", "PermissionsBoundary", "Tags"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        resources::new(call, "user", input.path.as_deref(), &input.user_name)
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

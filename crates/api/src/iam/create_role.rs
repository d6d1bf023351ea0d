use super::conditions;
use super::model;
use super::resources::new;
use super::role::{self, seconds};
use super::tags;
use crate::tag_conditions;
use crate::{AccessLevel, ApiError, Call, Further, Operation, Reply};
use access::Resource;
use access::iam::NewRole;
use access::policy::Context;

impl Operation for model::operation::CreateRole {
    const ACTION: &'static str = "iam:CreateRole";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] =
        &["aws:RequestTag/", "aws:TagKeys", "iam:PermissionsBoundary"];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &[
        "Path",
        "RoleName",
        "AssumeRolePolicyDocument",
        "Description",
        "MaxSessionDuration",
        "PermissionsBoundary",
        "Tags",
    ];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        new(call, "role", input.path.as_deref(), &input.role_name)
    }

    async fn conditions(_call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        Ok(conditions::made(input.tags.as_ref(), input.permissions_boundary.as_ref()))
    }

    async fn further(call: &Call, input: &Self::Input) -> Result<Vec<Further>, ApiError> {
        let made = conditions::tagged(input.tags.as_ref());
        let resources = Self::resources(call, input).await?;
        Ok(tag_conditions::tagging("iam:TagRole", resources, made))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        let asked = NewRole {
            name: input.role_name,
            path: input.path,
            trust_policy: input.assume_role_policy_document,
            description: input.description,
            max_session_seconds: input.max_session_duration.map(seconds),
            boundary: input.permissions_boundary,
            tags: tags::read(input.tags),
        };
        let role = iam.create_role(call.account, asked).await?;
        Ok(Reply::new(model::CreateRoleResponse { role: role::shown(&role) }))
    }
}

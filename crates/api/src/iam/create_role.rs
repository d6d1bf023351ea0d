use super::model;
use super::resources::new;
use super::role::{self, seconds};
use super::tags;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::iam::NewRole;

impl Operation for model::operation::CreateRole {
    const ACTION: &'static str = "iam:CreateRole";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
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

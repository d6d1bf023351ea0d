use super::model;
use super::resources::holder;
use super::role;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::iam::Role;

impl Operation for model::operation::GetRole {
    const ACTION: &'static str = "iam:GetRole";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["RoleName"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        holder::<Role>(call, &input.role_name).await
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        let role = iam.get_role(call.account, input.role_name).await?;
        let last_used = iam.last_used(role.identity.id.clone()).await?;
        let shown = model::Role {
            permissions_boundary: role::boundary(&role),
            role_last_used: Some(role::last_used(last_used)),
            ..role::shown(&role)
        };
        Ok(Reply::new(model::GetRoleResponse { role: shown }))
    }
}

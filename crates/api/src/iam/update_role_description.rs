use super::model;
use super::resources::holder;
use super::role;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::iam::Role;

impl Operation for model::operation::UpdateRoleDescription {
    const ACTION: &'static str = "iam:UpdateRoleDescription";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["RoleName", "Description"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        holder::<Role>(call, &input.role_name).await
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        let role = iam.update_role(call.account, input.role_name, Some(input.description), None).await?;
        Ok(Reply::new(model::UpdateRoleDescriptionResponse { role: Some(role::shown(&role)) }))
    }
}

use super::model;
use super::resources::holder;
use super::role::seconds;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::iam::Role;

impl Operation for model::operation::UpdateRole {
    const ACTION: &'static str = "iam:UpdateRole";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["RoleName", "Description", "MaxSessionDuration"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        holder::<Role>(call, &input.role_name).await
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        let longest = input.max_session_duration.map(seconds);
        iam.update_role(call.account, input.role_name, input.description, longest).await?;
        Ok(Reply::new(model::UpdateRoleResponse {}))
    }
}

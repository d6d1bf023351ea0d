use super::model;
use super::resources::holder;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::iam::Role;

impl Operation for model::operation::DeleteServiceLinkedRole {
    const ACTION: &'static str = "iam:DeleteServiceLinkedRole";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["RoleName"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        holder::<Role>(call, &input.role_name).await
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        let deletion_task_id = iam.delete_service_linked_role(call.account, input.role_name).await?;
        Ok(Reply::new(model::DeleteServiceLinkedRoleResponse { deletion_task_id }))
    }
}

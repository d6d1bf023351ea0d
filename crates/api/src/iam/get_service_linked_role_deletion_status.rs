use super::model;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::GetServiceLinkedRoleDeletionStatus {
    const ACTION: &'static str = "iam:GetServiceLinkedRoleDeletionStatus";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["DeletionTaskId"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        // `task/aws-service-role/SERVICE/ROLE/ID`: the role without the task's id.
        let role = input.deletion_task_id.strip_prefix("task").and_then(|task| task.rsplit_once('/'));
        super::resources::new(call, "role", role.map(|(role, _)| role), "")
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        iam.service_linked_role_is_deleted(call.account, input.deletion_task_id).await?;
        Ok(Reply::new(model::GetServiceLinkedRoleDeletionStatusResponse {
            status: "SUCCEEDED".to_owned(),
            reason: None,
        }))
    }
}

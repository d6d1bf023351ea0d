use super::{model, target};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::AddPermission {
    const ACTION: &'static str = "sqs:AddPermission";
    const LEVEL: AccessLevel = AccessLevel::PermissionsManagement;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["AWSAccountIds", "Actions", "Label", "QueueUrl"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target::resources(call, &input.queue_url)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let id = target::queue(&call, &input.queue_url)?;
        call.services.queues.add_permission(id, input.label, input.aws_account_ids, input.actions).await?;
        Ok(Reply::new(()))
    }
}

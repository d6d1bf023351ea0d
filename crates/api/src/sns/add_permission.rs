use super::{model, target};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::AddPermission {
    const ACTION: &'static str = "sns:AddPermission";
    const LEVEL: AccessLevel = AccessLevel::PermissionsManagement;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["AWSAccountId", "ActionName", "Label", "TopicArn"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target::resources(call, &input.topic_arn)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let id = target::topic(&call, &input.topic_arn)?;
        call.services.topics.add_permission(id, input.label, input.aws_account_id, input.action_name).await?;
        Ok(Reply::new(()))
    }
}

use super::{model, target};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::DeleteResourcePolicy {
    const ACTION: &'static str = "dynamodb:DeleteResourcePolicy";
    const LEVEL: AccessLevel = AccessLevel::PermissionsManagement;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["ExpectedRevisionId", "ResourceArn"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target::by_arn(call, &input.resource_arn).map(|table| target::resources(&table))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let table = target::by_arn(&call, &input.resource_arn)?;
        let revision = call.services.tables.delete_resource_policy(table, input.expected_revision_id).await?;
        Ok(Reply::new(model::DeleteResourcePolicyOutput { revision_id: Some(revision.unwrap_or_default()) }))
    }
}

use super::error::invalid;
use super::{model, target};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::PutResourcePolicy {
    const ACTION: &'static str = "dynamodb:PutResourcePolicy";
    const LEVEL: AccessLevel = AccessLevel::PermissionsManagement;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] =
        &["ConfirmRemoveSelfResourceAccess", "ExpectedRevisionId", "Policy", "ResourceArn"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target::by_arn(call, &input.resource_arn).map(|table| target::resources(&table))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let table = target::by_arn(&call, &input.resource_arn)?;
        let document = tables::read_policy(&input.policy)?;
        let resources = target::resources(&table);
        if input.confirm_remove_self_resource_access != Some(true)
            && !call.would_allow(Self::ACTION, &resources, document).await?
        {
            return Err(invalid(
                "The new resource policy will not allow you to update the resource policy in the future. Set \
                 ConfirmRemoveSelfResourceAccess to put it all the same.",
            ));
        }
        let revision =
            call.services.tables.put_resource_policy(table, input.policy, input.expected_revision_id).await?;
        Ok(Reply::new(model::PutResourcePolicyOutput { revision_id: Some(revision) }))
    }
}

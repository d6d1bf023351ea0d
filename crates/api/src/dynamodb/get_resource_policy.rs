use super::{model, target};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::GetResourcePolicy {
    const ACTION: &'static str = "dynamodb:GetResourcePolicy";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["ResourceArn"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target::by_arn(call, &input.resource_arn).map(|table| target::resources(&table))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let table = target::by_arn(&call, &input.resource_arn)?;
        let policy = call.services.tables.get_resource_policy(table).await?;
        Ok(Reply::new(model::GetResourcePolicyOutput {
            policy: Some(policy.text),
            revision_id: Some(policy.revision),
        }))
    }
}

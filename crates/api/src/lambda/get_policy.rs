use super::model;
use super::target::target;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::GetPolicy {
    const ACTION: &'static str = "lambda:GetPolicy";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["FunctionName", "Qualifier"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target(call, &input.function_name, input.qualifier.as_deref()).map(|target| target.resources())
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let target = target(&call, &input.function_name, input.qualifier.as_deref())?;
        let resource = target.arn().to_string();
        let policy = call.services.functions.get_policy(target.id, target.qualifier).await?;
        Ok(Reply::new(model::GetPolicyResponse {
            policy: Some(policy.to_json(&resource).to_string()),
            revision_id: Some(policy.revision_id),
        }))
    }
}

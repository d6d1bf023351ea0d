use super::document;
use super::model;
use super::resources::holder;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::iam::Group;

impl Operation for model::operation::GetGroupPolicy {
    const ACTION: &'static str = "iam:GetGroupPolicy";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["GroupName", "PolicyName"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        holder::<Group>(call, &input.group_name).await
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        let (group_name, policy_name) = (input.group_name, input.policy_name);
        let text =
            iam.get_policy_text::<Group>(call.account, group_name.clone(), policy_name.clone()).await?;
        let policy_document = document::shown(&text);
        Ok(Reply::new(model::GetGroupPolicyResponse { group_name, policy_name, policy_document }))
    }
}

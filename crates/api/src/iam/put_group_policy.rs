use super::model;
use super::resources::holder;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::iam::Group;

impl Operation for model::operation::PutGroupPolicy {
    const ACTION: &'static str = "iam:PutGroupPolicy";
    const LEVEL: AccessLevel = AccessLevel::PermissionsManagement;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["GroupName", "PolicyName", "PolicyDocument"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        holder::<Group>(call, &input.group_name).await
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        let (group, name, text) = (input.group_name, input.policy_name, input.policy_document);
        iam.put_policy::<Group>(call.account, group, name, text).await?;
        Ok(Reply::new(()))
    }
}

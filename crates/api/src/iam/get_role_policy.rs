use super::document;
use super::model;
use super::resources::holder;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::iam::Role;

impl Operation for model::operation::GetRolePolicy {
    const ACTION: &'static str = "iam:GetRolePolicy";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["RoleName", "PolicyName"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        holder::<Role>(call, &input.role_name).await
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        let (role_name, policy_name) = (input.role_name, input.policy_name);
        let text = iam.get_policy_text::<Role>(call.account, role_name.clone(), policy_name.clone()).await?;
        let policy_document = document::shown(&text);
        Ok(Reply::new(model::GetRolePolicyResponse { role_name, policy_name, policy_document }))
    }
}

use super::document;
use super::model;
use super::resources::holder;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::iam::User;

impl Operation for model::operation::GetUserPolicy {
    const ACTION: &'static str = "iam:GetUserPolicy";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["UserName", "PolicyName"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        holder::<User>(call, &input.user_name).await
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        let (user_name, policy_name) = (input.user_name, input.policy_name);
        let text = iam.get_policy_text::<User>(call.account, user_name.clone(), policy_name.clone()).await?;
        let policy_document = document::shown(&text);
        Ok(Reply::new(model::GetUserPolicyResponse { user_name, policy_name, policy_document }))
    }
}

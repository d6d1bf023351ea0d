use super::conditions;
use super::managed_policy;
use super::model;
use super::resources::new;
use super::tags;
use crate::tag_conditions;
use crate::{AccessLevel, ApiError, Call, Further, Operation, Reply};
use access::Resource;
use access::iam::NewPolicy;
use access::policy::Context;

impl Operation for model::operation::CreatePolicy {
    const ACTION: &'static str = "iam:CreatePolicy";
    const LEVEL: AccessLevel = AccessLevel::PermissionsManagement;
    const CONDITION_KEYS: &'static [&'static str] = &["aws:RequestTag/", "aws:TagKeys"];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] =
        &["PolicyName", "Path", "PolicyDocument", "Description", "Tags"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        new(call, "policy", input.path.as_deref(), &input.policy_name)
    }

    async fn conditions(_call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        Ok(conditions::tagged(input.tags.as_ref()))
    }

    async fn further(call: &Call, input: &Self::Input) -> Result<Vec<Further>, ApiError> {
        let made = conditions::tagged(input.tags.as_ref());
        let resources = Self::resources(call, input).await?;
        Ok(tag_conditions::tagging("iam:TagPolicy", resources, made))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        let asked = NewPolicy {
            name: input.policy_name,
            path: input.path,
            text: input.policy_document,
            description: input.description,
            tags: tags::read(input.tags),
        };
        let policy = iam.create_policy(call.account, asked).await?;
        let shown = model::Policy { description: None, ..managed_policy::shown(policy) };
        Ok(Reply::new(model::CreatePolicyResponse { policy: Some(shown) }))
    }
}

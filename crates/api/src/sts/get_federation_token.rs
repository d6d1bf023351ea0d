use super::model;
use super::parts::{credentials, packed, policies, seconds, tags};
use crate::tag_conditions;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::policy::Context;
use access::{NewFederated, Resource};
use names::Arn;

impl Operation for model::operation::GetFederationToken {
    const ACTION: &'static str = "sts:GetFederationToken";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &["aws:RequestTag/", "aws:TagKeys"];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["Name", "Policy", "PolicyArns", "DurationSeconds", "Tags"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        let arn = format!("arn:aws:sts::{}:federated-user/{}", call.account, input.name);
        Ok(vec![Resource::new(Arn::parse(&arn).map_err(ApiError::internal)?)])
    }

    async fn conditions(_call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        let tags = input.tags.iter().flatten().map(|tag| (&tag.key, &tag.value));
        Ok(tag_conditions::requested(tags))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let asked = NewFederated {
            name: input.name,
            policies: policies(input.policy, input.policy_arns),
            seconds: seconds(input.duration_seconds),
            tags: tags(input.tags),
        };
        let made = call.services.access.get_federation_token(&call.principal, asked).await?;
        let federated = made.session;
        let has_any = !federated.policies.is_empty() || !federated.tags.is_empty();
        Ok(Reply::new(model::GetFederationTokenResponse {
            credentials: Some(credentials(&made.credentials)),
            federated_user: Some(model::FederatedUser {
                federated_user_id: format!("{}:{}", call.account, federated.name),
                arn: format!("arn:aws:sts::{}:federated-user/{}", call.account, federated.name),
            }),
            packed_policy_size: packed(&made.credentials, has_any),
            ..Default::default()
        }))
    }
}

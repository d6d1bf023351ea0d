use super::model;
use super::parts::{context, credentials, packed, policies, seconds, tags};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::{AssumeRole, Resource};
use names::Arn;

impl Operation for model::operation::AssumeRole {
    const ACTION: &'static str = "sts:AssumeRole";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &[
        "RoleArn",
        "RoleSessionName",
        "PolicyArns",
        "Policy",
        "DurationSeconds",
        "Tags",
        "TransitiveTagKeys",
        "ExternalId",
        "SourceIdentity",
    ];

    /// Nobody's, whosever account it is in: what the role trusts decides, in `Access::assume_role`.
    async fn resources(_: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        let invalid = |_| ApiError::invalid("ValidationError", format!("{} is invalid", input.role_arn));
        Ok(vec![Resource::owned_by(Arn::parse(&input.role_arn).map_err(invalid)?, None)])
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let asked = AssumeRole {
            role_arn: input.role_arn,
            session_name: input.role_session_name,
            policies: policies(input.policy, input.policy_arns),
            seconds: seconds(input.duration_seconds),
            tags: tags(input.tags),
            transitive: input.transitive_tag_keys.unwrap_or_default(),
            external_id: input.external_id,
            source_identity: input.source_identity,
        };
        let access = &call.services.access;
        let made = access.assume_role(&call.principal, asked, context(&call)).await?;
        let session = made.session;
        let has_any = !session.policies.is_empty() || !session.tags.is_empty();
        Ok(Reply::new(model::AssumeRoleResponse {
            credentials: Some(credentials(&made.credentials)),
            assumed_role_user: Some(model::AssumedRoleUser {
                assumed_role_id: format!("{}:{}", session.role_id, session.session_name),
                arn: session.arn(),
            }),
            packed_policy_size: packed(&made.credentials, has_any),
            source_identity: session.source_identity,
            ..Default::default()
        }))
    }
}

use super::model;
use super::parts::{context, credentials, packed, policies, seconds};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::{AssumeRoleWithWebIdentity, Resource};
use names::Arn;

impl Operation for model::operation::AssumeRoleWithWebIdentity {
    const ACTION: &'static str = "sts:AssumeRoleWithWebIdentity";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    /// `ProviderId` is for providers of OAuth 2.0 access tokens, which are none here.
    const HONOURED: &'static [&'static str] =
        &["RoleArn", "RoleSessionName", "WebIdentityToken", "PolicyArns", "Policy", "DurationSeconds"];

    /// Nobody's, whosever account it is in: what the role trusts decides, in
    /// `Access::assume_role_with_web_identity`.
    async fn resources(_: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        let invalid = |_| ApiError::invalid("ValidationError", format!("{} is invalid", input.role_arn));
        Ok(vec![Resource::owned_by(Arn::parse(&input.role_arn).map_err(invalid)?, None)])
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let asked = AssumeRoleWithWebIdentity {
            role_arn: input.role_arn,
            session_name: input.role_session_name,
            token: input.web_identity_token.0,
            policies: policies(input.policy, input.policy_arns),
            seconds: seconds(input.duration_seconds),
        };
        let made = call.services.access.assume_role_with_web_identity(asked, context(&call)).await?;
        let session = made.session;
        let has_any = !session.policies.is_empty() || !session.tags.is_empty();
        let (subject, provider, audience) = match session.web_identity.clone() {
            Some(web) => (Some(web.subject), Some(web.provider), Some(web.audience)),
            None => (None, None, None),
        };
        Ok(Reply::new(model::AssumeRoleWithWebIdentityResponse {
            credentials: Some(credentials(&made.credentials)),
            subject_from_web_identity_token: subject,
            assumed_role_user: Some(model::AssumedRoleUser {
                assumed_role_id: format!("{}:{}", session.role_id, session.session_name),
                arn: session.arn(),
            }),
            packed_policy_size: packed(&made.credentials, has_any),
            provider,
            audience,
            source_identity: session.source_identity,
            ..Default::default()
        }))
    }
}

use super::conditions;
use super::model;
use super::resources::one;
use super::tags;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::policy::Context;

impl Operation for model::operation::TagOpenIDConnectProvider {
    const ACTION: &'static str = "iam:TagOpenIDConnectProvider";
    const LEVEL: AccessLevel = AccessLevel::Tagging;
    const CONDITION_KEYS: &'static [&'static str] = &["aws:RequestTag/", "aws:TagKeys"];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["OpenIDConnectProviderArn", "Tags"];

    async fn resources(_: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        one(&input.open_id_connect_provider_arn)
    }

    async fn conditions(_call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        Ok(conditions::tagged(Some(&input.tags)))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        let tags = tags::read(Some(input.tags));
        iam.tag_oidc_provider(call.account, input.open_id_connect_provider_arn, tags).await?;
        Ok(Reply::new(()))
    }
}

use super::model;
use super::resources::one;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::UntagOpenIDConnectProvider {
    const ACTION: &'static str = "iam:UntagOpenIDConnectProvider";
    const LEVEL: AccessLevel = AccessLevel::Tagging;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["OpenIDConnectProviderArn", "TagKeys"];

    async fn resources(_: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        one(&input.open_id_connect_provider_arn)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        iam.untag_oidc_provider(call.account, input.open_id_connect_provider_arn, input.tag_keys).await?;
        Ok(Reply::new(()))
    }
}

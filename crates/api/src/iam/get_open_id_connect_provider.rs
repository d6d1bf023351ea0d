use super::model;
use super::resources::one;
use super::tags;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use protocol::Timestamp;

impl Operation for model::operation::GetOpenIDConnectProvider {
    const ACTION: &'static str = "iam:GetOpenIDConnectProvider";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["OpenIDConnectProviderArn"];

    async fn resources(_: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        one(&input.open_id_connect_provider_arn)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        let provider = iam.get_oidc_provider(call.account, input.open_id_connect_provider_arn).await?;
        Ok(Reply::new(model::GetOpenIDConnectProviderResponse {
            url: Some(provider.url),
            client_id_list: Some(provider.client_ids),
            thumbprint_list: Some(provider.thumbprints),
            create_date: Some(Timestamp(provider.created)),
            tags: Some(tags::shown(provider.tags)),
        }))
    }
}

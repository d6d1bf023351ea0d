use super::model;
use super::resources::all;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::iam::OidcProvider;

impl Operation for model::operation::ListOpenIDConnectProviders {
    const ACTION: &'static str = "iam:ListOpenIDConnectProviders";
    const LEVEL: AccessLevel = AccessLevel::List;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &[];

    async fn resources(call: &Call, _: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        all(call, "oidc-provider", None)
    }

    async fn call(call: Call, _: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        let providers = iam.list_oidc_providers(call.account).await?;
        let entry =
            |provider: OidcProvider| model::OpenIDConnectProviderListEntry { arn: Some(provider.arn()) };
        let list = providers.into_iter().map(entry).collect();
        Ok(Reply::new(model::ListOpenIDConnectProvidersResponse {
            open_id_connect_provider_list: Some(list),
        }))
    }
}

use super::conditions;
use super::model;
use super::resources::new;
use super::tags;
use crate::tag_conditions;
use crate::{AccessLevel, ApiError, Call, Further, Operation, Reply};
use access::Resource;
use access::iam::NewOidcProvider;
use access::policy::Context;

impl Operation for model::operation::CreateOpenIDConnectProvider {
    const ACTION: &'static str = "iam:CreateOpenIDConnectProvider";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &["aws:RequestTag/", "aws:TagKeys"];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["Url", "ClientIDList", "ThumbprintList", "Tags"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        let url = input.url.strip_prefix("https://").unwrap_or(&input.url);
        new(call, "oidc-provider", None, url)
    }

    async fn conditions(_call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        Ok(conditions::tagged(input.tags.as_ref()))
    }

    async fn further(call: &Call, input: &Self::Input) -> Result<Vec<Further>, ApiError> {
        let made = conditions::tagged(input.tags.as_ref());
        let resources = Self::resources(call, input).await?;
        Ok(tag_conditions::tagging("iam:TagOpenIDConnectProvider", resources, made))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        let asked = NewOidcProvider {
            url: input.url,
            client_ids: input.client_id_list.unwrap_or_default(),
            thumbprints: input.thumbprint_list.unwrap_or_default(),
            tags: tags::read(input.tags),
        };
        let provider = iam.create_oidc_provider(call.account, asked).await?;
        Ok(Reply::new(model::CreateOpenIDConnectProviderResponse {
            open_id_connect_provider_arn: Some(provider.arn()),
            tags: (!provider.tags.is_empty()).then(|| tags::shown(provider.tags)),
        }))
    }
}

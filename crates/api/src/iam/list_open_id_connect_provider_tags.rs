use super::model;
use super::paging;
use super::resources::one;
use super::tags;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::ListOpenIDConnectProviderTags {
    const ACTION: &'static str = "iam:ListOpenIDConnectProviderTags";
    const LEVEL: AccessLevel = AccessLevel::List;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["OpenIDConnectProviderArn", "Marker", "MaxItems"];

    async fn resources(_: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        one(&input.open_id_connect_provider_arn)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        let paging = paging::read(input.marker, input.max_items);
        let arn = input.open_id_connect_provider_arn;
        let page = iam.list_oidc_provider_tags(call.account, arn, paging).await?;
        Ok(Reply::new(model::ListOpenIDConnectProviderTagsResponse {
            tags: tags::shown(page.items),
            is_truncated: Some(page.next_marker.is_some()),
            marker: page.next_marker,
        }))
    }
}

use super::model;
use super::paging;
use super::resources::policy;
use super::tags;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::ListPolicyTags {
    const ACTION: &'static str = "iam:ListPolicyTags";
    const LEVEL: AccessLevel = AccessLevel::List;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["PolicyArn", "Marker", "MaxItems"];

    async fn resources(_call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        policy(&input.policy_arn)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        let paging = paging::read(input.marker, input.max_items);
        let page = iam.list_policy_tags(call.account, input.policy_arn, paging).await?;
        Ok(Reply::new(model::ListPolicyTagsResponse {
            tags: tags::shown(page.items),
            is_truncated: Some(page.next_marker.is_some()),
            marker: page.next_marker,
        }))
    }
}

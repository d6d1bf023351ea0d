use super::group;
use super::model;
use super::paging;
use super::resources::all;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::ListGroups {
    const ACTION: &'static str = "iam:ListGroups";
    const LEVEL: AccessLevel = AccessLevel::List;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["PathPrefix", "Marker", "MaxItems"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        all(call, "group", input.path_prefix.as_deref())
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        let paging = paging::read(input.marker, input.max_items);
        let page = iam.list_groups(call.account, input.path_prefix, paging).await?;
        Ok(Reply::new(model::ListGroupsResponse {
            groups: page.items.iter().map(group::shown).collect(),
            is_truncated: Some(page.next_marker.is_some()),
            marker: page.next_marker,
        }))
    }
}

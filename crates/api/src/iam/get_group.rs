use super::group;
use super::model;
use super::paging;
use super::resources::holder;
use super::user;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::iam::Group;

impl Operation for model::operation::GetGroup {
    const ACTION: &'static str = "iam:GetGroup";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["GroupName", "Marker", "MaxItems"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        holder::<Group>(call, &input.group_name).await
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        let paging = paging::read(input.marker, input.max_items);
        let (found, page) = iam.list_group_users(call.account, input.group_name, paging).await?;
        Ok(Reply::new(model::GetGroupResponse {
            group: group::shown(&found),
            users: page.items.iter().map(user::listed).collect(),
            is_truncated: Some(page.next_marker.is_some()),
            marker: page.next_marker,
        }))
    }
}

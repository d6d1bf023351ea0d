use super::model;
use super::paging;
use super::resources::holder;
use super::tags;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::iam::Role;

impl Operation for model::operation::ListRoleTags {
    const ACTION: &'static str = "iam:ListRoleTags";
    const LEVEL: AccessLevel = AccessLevel::List;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["RoleName", "Marker", "MaxItems"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        holder::<Role>(call, &input.role_name).await
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        let paging = paging::read(input.marker, input.max_items);
        let page = iam.list_tags::<Role>(call.account, input.role_name, paging).await?;
        Ok(Reply::new(model::ListRoleTagsResponse {
            tags: tags::shown(page.items),
            is_truncated: Some(page.next_marker.is_some()),
            marker: page.next_marker,
        }))
    }
}

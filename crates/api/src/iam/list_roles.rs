use super::model;
use super::paging;
use super::resources::all;
use super::role;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::ListRoles {
    const ACTION: &'static str = "iam:ListRoles";
    const LEVEL: AccessLevel = AccessLevel::List;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["PathPrefix", "Marker", "MaxItems"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        all(call, "role", input.path_prefix.as_deref())
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        let paging = paging::read(input.marker, input.max_items);
        let page = iam.list_roles(call.account, input.path_prefix, paging).await?;
        let roles = page.items.iter().map(|role| model::Role { tags: None, ..role::shown(role) });
        Ok(Reply::new(model::ListRolesResponse {
            roles: roles.collect(),
            is_truncated: Some(page.next_marker.is_some()),
            marker: page.next_marker,
        }))
    }
}

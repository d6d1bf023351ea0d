use super::model;
use super::paging;
use super::resources::all;
use super::user;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::ListUsers {
    const ACTION: &'static str = "iam:ListUsers";
    const LEVEL: AccessLevel = AccessLevel::List;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["PathPrefix", "Marker", "MaxItems"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        all(call, "user", input.path_prefix.as_deref())
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        let paging = paging::read(input.marker, input.max_items);
        let page = iam.list_users(call.account, input.path_prefix, paging).await?;
        Ok(Reply::new(model::ListUsersResponse {
            users: page.items.iter().map(user::listed).collect(),
            is_truncated: Some(page.next_marker.is_some()),
            marker: page.next_marker,
        }))
    }
}

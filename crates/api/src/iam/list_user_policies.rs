use super::model;
use super::paging;
use super::resources::holder;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::iam::User;

impl Operation for model::operation::ListUserPolicies {
    const ACTION: &'static str = "iam:ListUserPolicies";
    const LEVEL: AccessLevel = AccessLevel::List;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["UserName", "Marker", "MaxItems"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        holder::<User>(call, &input.user_name).await
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        let paging = paging::read(input.marker, input.max_items);
        let page = iam.list_policy_names::<User>(call.account, input.user_name, paging).await?;
        Ok(Reply::new(model::ListUserPoliciesResponse {
            is_truncated: Some(page.next_marker.is_some()),
            marker: page.next_marker,
            policy_names: page.items,
        }))
    }
}

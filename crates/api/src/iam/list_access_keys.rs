use super::model;
use super::paging;
use super::user;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use protocol::Timestamp;

impl Operation for model::operation::ListAccessKeys {
    const ACTION: &'static str = "iam:ListAccessKeys";
    const LEVEL: AccessLevel = AccessLevel::List;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["UserName", "Marker", "MaxItems"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        user::named_or_own(call, input.user_name.as_deref()).await
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        let name = user::name_or_own(&call, input.user_name)?;
        let paging = paging::read(input.marker, input.max_items);
        let page = iam.list_access_keys(call.account, name, paging).await?;
        let keys = page.items.into_iter().map(|key| model::AccessKeyMetadata {
            user_name: Some(key.user),
            access_key_id: Some(key.id),
            status: Some(user::status(key.is_active).to_owned()),
            create_date: Some(Timestamp(key.created)),
        });
        Ok(Reply::new(model::ListAccessKeysResponse {
            access_key_metadata: keys.collect(),
            is_truncated: Some(page.next_marker.is_some()),
            marker: page.next_marker,
        }))
    }
}

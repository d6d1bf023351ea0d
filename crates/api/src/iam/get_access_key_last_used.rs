use super::model;
use super::user;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use protocol::Timestamp;

impl Operation for model::operation::GetAccessKeyLastUsed {
    const ACTION: &'static str = "iam:GetAccessKeyLastUsed";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["AccessKeyId"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        user::of_key(call, &input.access_key_id).await
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        let (user, used) = iam.access_key_last_used(call.account, input.access_key_id).await?;
        let not_yet = || "N/A".to_owned();
        let last_used = model::AccessKeyLastUsed {
            last_used_date: used.as_ref().map(|used| Timestamp(used.at)),
            service_name: used.as_ref().map_or_else(not_yet, |used| used.service.clone()),
            region: used.map_or_else(not_yet, |used| used.region),
        };
        Ok(Reply::new(model::GetAccessKeyLastUsedResponse {
            user_name: Some(user),
            access_key_last_used: Some(last_used),
        }))
    }
}

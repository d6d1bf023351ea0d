use super::model;
use super::parts::caller;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::GetAccessKeyInfo {
    const ACTION: &'static str = "sts:GetAccessKeyInfo";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["AccessKeyId"];

    async fn resources(call: &Call, _: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        caller(call)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let id = input.access_key_id;
        if id.starts_with("ASIA") {
            let why = "the ids of temporary keys do not tell whose they are";
            return Err(ApiError::unsupported("AccessKeyId", why));
        }
        let account = call.services.access.account_of_key(&id);
        let unknown = || ApiError::invalid("ValidationError", format!("The access key {id} is not known."));
        let account = Some(account.ok_or_else(unknown)?.to_string());
        Ok(Reply::new(model::GetAccessKeyInfoResponse { account }))
    }
}

use super::model;
use super::user;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::DeleteAccessKey {
    const ACTION: &'static str = "iam:DeleteAccessKey";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["UserName", "AccessKeyId"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        user::named_or_own(call, input.user_name.as_deref()).await
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        let name = user::name_or_own(&call, input.user_name)?;
        iam.delete_access_key(call.account, name, input.access_key_id).await?;
        Ok(Reply::new(()))
    }
}

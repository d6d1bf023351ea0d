use super::model;
use super::user;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::UpdateAccessKey {
    const ACTION: &'static str = "iam:UpdateAccessKey";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["UserName", "AccessKeyId", "Status"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        user::named_or_own(call, input.user_name.as_deref()).await
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        let name = user::name_or_own(&call, input.user_name)?;
        let is_active = match input.status.as_str() {
            "Active" => true,
            "Inactive" => false,
            // `Expired` is a status that a key comes to have, not one that it is given.
            other => {
                let message = format!("Invalid status value: {other}");
                return Err(ApiError::invalid("ValidationError", message));
            }
        };
        iam.update_access_key(call.account, name, input.access_key_id, is_active).await?;
        Ok(Reply::new(()))
    }
}

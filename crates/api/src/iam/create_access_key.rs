use super::model;
use super::user;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use protocol::{Sensitive, Timestamp};

impl Operation for model::operation::CreateAccessKey {
    const ACTION: &'static str = "iam:CreateAccessKey";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["UserName"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        user::named_or_own(call, input.user_name.as_deref()).await
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        let name = user::name_or_own(&call, input.user_name)?;
        let (key, secret) = iam.create_access_key(call.account, name).await?;
        Ok(Reply::new(model::CreateAccessKeyResponse {
            access_key: model::AccessKey {
                user_name: key.user,
                access_key_id: key.id,
                status: user::status(key.is_active).to_owned(),
                secret_access_key: Sensitive::from(secret.expose().to_owned()),
                create_date: Some(Timestamp(key.created)),
            },
        }))
    }
}

use super::model;
use super::resources;
use super::resources::holder;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::iam::User;

impl Operation for model::operation::UpdateUser {
    const ACTION: &'static str = "iam:UpdateUser";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["UserName", "NewPath", "NewUserName"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        let mut both = holder::<User>(call, &input.user_name).await?;
        if let Some(name) = &input.new_user_name {
            both.extend(resources::new(call, "user", input.new_path.as_deref(), name)?);
        }
        Ok(both)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        iam.update_user(call.account, input.user_name, input.new_user_name, input.new_path).await?;
        Ok(Reply::new(()))
    }
}

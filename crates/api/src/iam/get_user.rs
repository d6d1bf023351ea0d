use super::model;
use super::user;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Principal;
use access::Resource;

impl Operation for model::operation::GetUser {
    const ACTION: &'static str = "iam:GetUser";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["UserName"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        user::named_or_own_or_root(call, input.user_name.as_deref()).await
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        if let (None, Principal::Root(owner)) = (&input.user_name, &call.principal) {
            let account = call.services.access.account(&owner.account);
            return Ok(Reply::new(model::GetUserResponse { user: user::root(owner, account.as_ref()) }));
        }
        let name = user::name_or_own(&call, input.user_name)?;
        let found = iam.get_user(call.account, name).await?;
        let user = model::User { permissions_boundary: user::boundary(&found), ..user::shown(&found) };
        Ok(Reply::new(model::GetUserResponse { user }))
    }
}

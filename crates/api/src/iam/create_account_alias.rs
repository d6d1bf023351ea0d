use super::account;
use super::model;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::CreateAccountAlias {
    const ACTION: &'static str = "iam:CreateAccountAlias";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["AccountAlias"];

    async fn resources(call: &Call, _: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        account::everything(call)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        iam.create_account_alias(call.account, input.account_alias).await?;
        Ok(Reply::new(()))
    }
}

use super::account;
use super::model;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::ListAccountAliases {
    const ACTION: &'static str = "iam:ListAccountAliases";
    const LEVEL: AccessLevel = AccessLevel::List;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["Marker", "MaxItems"];

    async fn resources(call: &Call, _: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        account::everything(call)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        // There is one at most: no page is too small for it, and none comes after it.
        let alias = iam.account_alias(call.account).await?;
        let after = |alias: &String| input.marker.as_ref().is_none_or(|marker| alias > marker);
        Ok(Reply::new(model::ListAccountAliasesResponse {
            account_aliases: alias.into_iter().filter(after).collect(),
            is_truncated: Some(false),
            marker: None,
        }))
    }
}

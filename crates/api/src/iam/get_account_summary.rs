use super::account;
use super::model;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::GetAccountSummary {
    const ACTION: &'static str = "iam:GetAccountSummary";
    const LEVEL: AccessLevel = AccessLevel::List;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &[];

    async fn resources(call: &Call, _: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        account::everything(call)
    }

    async fn call(call: Call, _: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        let counts = iam.account_counts(call.account.clone()).await?;
        let has_root_key = call.services.access.has_root_key(&call.account);
        let providers = iam.list_oidc_providers(call.account).await?.len();
        let mut summary = account::summary(&counts, has_root_key);
        summary.insert("Providers".to_owned(), i32::try_from(providers).unwrap_or(i32::MAX));
        Ok(Reply::new(model::GetAccountSummaryResponse { summary_map: Some(summary) }))
    }
}

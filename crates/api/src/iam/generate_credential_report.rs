use super::account;
use super::model;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::iam::RootFacts;

impl Operation for model::operation::GenerateCredentialReport {
    const ACTION: &'static str = "iam:GenerateCredentialReport";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &[];

    async fn resources(call: &Call, _: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        account::everything(call)
    }

    async fn call(call: Call, _: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        let access = &call.services.access;
        let root = RootFacts {
            created: access.account(&call.account).map(|account| account.created).unwrap_or_default(),
            has_key: access.has_root_key(&call.account),
        };
        iam.generate_credential_report(call.account, root).await?;
        Ok(Reply::new(model::GenerateCredentialReportResponse {
            state: Some("COMPLETE".to_owned()),
            description: None,
        }))
    }
}

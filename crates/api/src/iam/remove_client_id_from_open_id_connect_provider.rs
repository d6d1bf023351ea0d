use super::model;
use super::resources::one;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::RemoveClientIDFromOpenIDConnectProvider {
    const ACTION: &'static str = "iam:RemoveClientIDFromOpenIDConnectProvider";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["OpenIDConnectProviderArn", "ClientID"];

    async fn resources(_: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        one(&input.open_id_connect_provider_arn)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iam = call.services.access.iam();
        iam.remove_client_id(call.account, input.open_id_connect_provider_arn, input.client_id).await?;
        Ok(Reply::new(()))
    }
}

use super::model;
use super::parts::{caller, credentials, seconds};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::GetSessionToken {
    const ACTION: &'static str = "sts:GetSessionToken";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["DurationSeconds"];

    async fn resources(call: &Call, _: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        caller(call)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let seconds = seconds(input.duration_seconds);
        let made = call.services.access.get_session_token(&call.principal, seconds)?;
        Ok(Reply::new(model::GetSessionTokenResponse {
            credentials: Some(credentials(&made)),
            ..Default::default()
        }))
    }
}

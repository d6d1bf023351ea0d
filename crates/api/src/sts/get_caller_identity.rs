use super::model::operation::GetCallerIdentity;
use super::model::{GetCallerIdentityRequest, GetCallerIdentityResponse};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for GetCallerIdentity {
    const ACTION: &'static str = "sts:GetCallerIdentity";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &[];

    /// The caller's own account: whoever has credentials may ask who they are.
    async fn resources(call: &Call, _: &GetCallerIdentityRequest) -> Result<Vec<Resource>, ApiError> {
        super::parts::caller(call)
    }

    async fn call(
        call: Call,
        _: GetCallerIdentityRequest,
    ) -> Result<Reply<GetCallerIdentityResponse>, ApiError> {
        Ok(Reply::new(GetCallerIdentityResponse {
            user_id: Some(call.principal.user_id()),
            account: Some(call.account.to_string()),
            arn: Some(call.principal.arn()),
        }))
    }
}

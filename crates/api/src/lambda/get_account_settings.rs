use super::configuration::{size, small};
use super::model;
use super::target::all;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use functions::{INLINE_BYTES_MAX, UNPACKED_BYTES_MAX};

impl Operation for model::operation::GetAccountSettings {
    const ACTION: &'static str = "lambda:GetAccountSettings";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &[];

    async fn resources(call: &Call, _input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        Ok(all(call, "*"))
    }

    async fn call(call: Call, _input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let usage = call.services.functions.account_usage(call.account, call.region).await?;
        Ok(Reply::new(model::GetAccountSettingsResponse {
            account_limit: Some(model::AccountLimit {
                total_code_size: Some(size(usage.code_bytes_max)),
                code_size_unzipped: Some(size(UNPACKED_BYTES_MAX)),
                code_size_zipped: Some(size(INLINE_BYTES_MAX)),
                concurrent_executions: Some(small(usage.concurrency_max)),
                unreserved_concurrent_executions: Some(small(usage.concurrency_unreserved)),
            }),
            account_usage: Some(model::AccountUsage {
                total_code_size: Some(size(usage.code_bytes)),
                function_count: Some(size(usage.functions)),
            }),
        }))
    }
}

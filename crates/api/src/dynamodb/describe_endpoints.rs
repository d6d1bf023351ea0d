use super::{model, target};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

/// How long clients may keep the answer: there is but one endpoint, and they have found it.
const CACHE_MINUTES: i64 = 1440;

impl Operation for model::operation::DescribeEndpoints {
    const ACTION: &'static str = "dynamodb:DescribeEndpoints";
    const LEVEL: AccessLevel = AccessLevel::List;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &[];

    async fn resources(call: &Call, _input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        Ok(target::all(&call.account, &call.region))
    }

    async fn call(call: Call, _input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let endpoint = model::Endpoint { address: call.host, cache_period_in_minutes: CACHE_MINUTES };
        Ok(Reply::new(model::DescribeEndpointsResponse { endpoints: vec![endpoint] }))
    }
}

use super::{model, target};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use tables::{ACCOUNT_UNITS_MAX, TABLE_UNITS_MAX};

impl Operation for model::operation::DescribeLimits {
    const ACTION: &'static str = "dynamodb:DescribeLimits";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &[];

    async fn resources(call: &Call, _input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        Ok(target::all(&call.account, &call.region))
    }

    async fn call(_call: Call, _input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let most = |units| i64::try_from(units).ok();
        Ok(Reply::new(model::DescribeLimitsOutput {
            account_max_read_capacity_units: most(ACCOUNT_UNITS_MAX),
            account_max_write_capacity_units: most(ACCOUNT_UNITS_MAX),
            table_max_read_capacity_units: most(TABLE_UNITS_MAX),
            table_max_write_capacity_units: most(TABLE_UNITS_MAX),
        }))
    }
}

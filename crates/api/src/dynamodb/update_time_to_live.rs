use super::error::invalid;
use super::{model, target};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

/// Bytes of an attribute's name.
const NAME_LEN_MAX: usize = 255;

impl Operation for model::operation::UpdateTimeToLive {
    const ACTION: &'static str = "dynamodb:UpdateTimeToLive";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["TableName", "TimeToLiveSpecification"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target::table(call, &input.table_name).map(|table| target::resources(&table))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let table = target::table(&call, &input.table_name)?;
        let wanted = input.time_to_live_specification;
        if !(1..=NAME_LEN_MAX).contains(&wanted.attribute_name.len()) {
            return Err(invalid(format!("The AttributeName must have 1 to {NAME_LEN_MAX} bytes")));
        }
        let name = wanted.attribute_name.clone();
        call.services.tables.update_time_to_live(table, name, wanted.enabled).await?;
        Ok(Reply::new(model::UpdateTimeToLiveOutput { time_to_live_specification: Some(wanted) }))
    }
}

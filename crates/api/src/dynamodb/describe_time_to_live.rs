use super::{model, target};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use tables::TimeToLiveStatus;

impl Operation for model::operation::DescribeTimeToLive {
    const ACTION: &'static str = "dynamodb:DescribeTimeToLive";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["TableName"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target::table(call, &input.table_name).map(|table| target::resources(&table))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let table = target::table(&call, &input.table_name)?;
        let found = call.services.tables.time_to_live(table).await?;
        let status = match found.as_ref().map(|found| found.status) {
            None => "DISABLED",
            Some(TimeToLiveStatus::Enabling) => "ENABLING",
            Some(TimeToLiveStatus::Enabled) => "ENABLED",
            Some(TimeToLiveStatus::Disabling) => "DISABLING",
        };
        let description = model::TimeToLiveDescription {
            time_to_live_status: Some(status.to_owned()),
            attribute_name: found.map(|found| found.attribute),
        };
        Ok(Reply::new(model::DescribeTimeToLiveOutput { time_to_live_description: Some(description) }))
    }
}

use super::description::described;
use super::{model, target};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::DescribeTable {
    const ACTION: &'static str = "dynamodb:DescribeTable";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["TableName"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target::table(call, &input.table_name).map(|table| target::resources(&table))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let (table, now) = (target::table(&call, &input.table_name)?, call.now);
        let info = call.services.tables.describe_table(table).await?;
        Ok(Reply::new(model::DescribeTableOutput { table: Some(described(&info, now)) }))
    }
}

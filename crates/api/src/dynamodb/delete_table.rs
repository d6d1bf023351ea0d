use super::description::described;
use super::{model, target};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::DeleteTable {
    const ACTION: &'static str = "dynamodb:DeleteTable";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["TableName"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target::table(call, &input.table_name).map(|table| target::resources(&table))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let (table, now) = (target::table(&call, &input.table_name)?, call.now);
        let info = call.services.tables.delete_table(table).await?;
        let description =
            model::TableDescription { table_status: Some("DELETING".to_owned()), ..described(&info, now) };
        Ok(Reply::new(model::DeleteTableOutput { table_description: Some(description) }))
    }
}

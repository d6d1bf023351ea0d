use super::{model, target};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use tables::{TableName, TablesError};

/// Names of a page, at most and by default.
const LIMIT: usize = 100;

impl Operation for model::operation::ListTables {
    const ACTION: &'static str = "dynamodb:ListTables";
    const LEVEL: AccessLevel = AccessLevel::List;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["ExclusiveStartTableName", "Limit"];

    async fn resources(call: &Call, _input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        Ok(target::all(&call.account, &call.region))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let start = input.exclusive_start_table_name.as_deref().map(TableName::parse).transpose();
        let start = start.map_err(TablesError::from)?;
        let limit = input.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(LIMIT).min(LIMIT);
        let page = call.services.tables.list_tables(call.account, call.region, start, limit).await?;
        Ok(Reply::new(model::ListTablesOutput {
            table_names: Some(page.names),
            last_evaluated_table_name: page.last,
        }))
    }
}

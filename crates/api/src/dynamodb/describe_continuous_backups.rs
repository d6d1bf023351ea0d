use super::{backup, model, target};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::DescribeContinuousBackups {
    const ACTION: &'static str = "dynamodb:DescribeContinuousBackups";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["TableName"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target::table(call, &input.table_name).map(|table| target::resources(&table))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let table = target::table(&call, &input.table_name)?;
        let recovery = call.services.tables.recovery(table).await?;
        Ok(Reply::new(model::DescribeContinuousBackupsOutput {
            continuous_backups_description: Some(backup::continuous(recovery, call.now)),
        }))
    }
}

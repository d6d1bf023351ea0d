use super::{backup, model, target};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::CreateBackup {
    const ACTION: &'static str = "dynamodb:CreateBackup";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["BackupName", "TableName"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target::table(call, &input.table_name).map(|table| target::resources(&table))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let table = target::table(&call, &input.table_name)?;
        let made = call.services.tables.create_backup(table, input.backup_name).await?;
        Ok(Reply::new(model::CreateBackupOutput { backup_details: Some(backup::details(&made, None)) }))
    }
}

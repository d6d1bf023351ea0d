use super::{backup, model};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::DeleteBackup {
    const ACTION: &'static str = "dynamodb:DeleteBackup";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["BackupArn"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        backup::read(call, &input.backup_arn).map(|id| backup::resources(&id))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let id = backup::read(&call, &input.backup_arn)?;
        let gone = call.services.tables.delete_backup(id).await?;
        let description = backup::described(&gone, Some("DELETED"));
        Ok(Reply::new(model::DeleteBackupOutput { backup_description: Some(description) }))
    }
}

use super::{backup, model};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

impl Operation for model::operation::DescribeBackup {
    const ACTION: &'static str = "dynamodb:DescribeBackup";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["BackupArn"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        backup::read(call, &input.backup_arn).map(|id| backup::resources(&id))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let id = backup::read(&call, &input.backup_arn)?;
        let found = call.services.tables.describe_backup(id).await?;
        let description = backup::described(&found, None);
        Ok(Reply::new(model::DescribeBackupOutput { backup_description: Some(description) }))
    }
}

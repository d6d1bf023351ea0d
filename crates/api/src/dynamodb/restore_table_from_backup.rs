use super::description::described;
use super::{backup, model, restore, target};
use crate::{AccessLevel, ApiError, Call, Further, Operation, Reply};
use access::Resource;

impl Operation for model::operation::RestoreTableFromBackup {
    const ACTION: &'static str = "dynamodb:RestoreTableFromBackup";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &[
        "BackupArn",
        "BillingModeOverride",
        "GlobalSecondaryIndexOverride",
        "LocalSecondaryIndexOverride",
        "ProvisionedThroughputOverride",
        "SSESpecificationOverride.Enabled",
        "TargetTableName",
    ];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        let mut resources = target::resources(&target::table(call, &input.target_table_name)?);
        resources.extend(backup::resources(&backup::read(call, &input.backup_arn)?));
        Ok(resources)
    }

    async fn further(call: &Call, input: &Self::Input) -> Result<Vec<Further>, ApiError> {
        target::table(call, &input.target_table_name).map(|table| restore::further(&table))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let target = target::table(&call, &input.target_table_name)?;
        let id = backup::read(&call, &input.backup_arn)?;
        let overrides = restore::overrides(restore::Given {
            mode: input.billing_mode_override.as_deref(),
            throughput: input.provisioned_throughput_override.as_ref(),
            encryption: input.sse_specification_override.as_ref(),
            global: input.global_secondary_index_override,
            local: input.local_secondary_index_override,
        })?;
        let info = call.services.tables.restore_from_backup(id, target, overrides).await?;
        Ok(Reply::new(model::RestoreTableFromBackupOutput {
            table_description: Some(described(&info, call.now)),
        }))
    }
}

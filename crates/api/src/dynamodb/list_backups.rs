use super::{backup, model, target};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use tables::BackupFilter;

/// Backups of a page, at most and by default.
const LIMIT: usize = 100;

impl Operation for model::operation::ListBackups {
    const ACTION: &'static str = "dynamodb:ListBackups";
    const LEVEL: AccessLevel = AccessLevel::List;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &[
        "BackupType",
        "ExclusiveStartBackupArn",
        "Limit",
        "TableName",
        "TimeRangeLowerBound",
        "TimeRangeUpperBound",
    ];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        let named = input.table_name.as_deref().map(|name| target::table(call, name)).transpose()?;
        Ok(named.map_or_else(|| target::all(&call.account, &call.region), |table| target::resources(&table)))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let named = input.table_name.as_deref().map(|name| target::table(&call, name)).transpose()?;
        let limit = input.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(LIMIT).min(LIMIT);
        if matches!(input.backup_type.as_deref(), Some("SYSTEM" | "AWS_BACKUP")) {
            // Nobody makes backups here but whoever asks for one.
            return Ok(Reply::new(model::ListBackupsOutput {
                backup_summaries: Some(Vec::new()),
                last_evaluated_backup_arn: None,
            }));
        }
        let start = input.exclusive_start_backup_arn.as_deref();
        let start = start.map(|arn| backup::read(&call, arn)).transpose()?;
        let (account, region) = match &named {
            Some(table) => (table.account.clone(), table.region.clone()),
            None => (call.account.clone(), call.region.clone()),
        };
        let filter = BackupFilter {
            table: named.map(|table| table.name),
            from: input.time_range_lower_bound.map(|bound| bound.0),
            until: input.time_range_upper_bound.map(|bound| bound.0),
        };
        let page = call.services.tables.list_backups(account, region, filter, start, limit).await?;
        Ok(Reply::new(model::ListBackupsOutput {
            backup_summaries: Some(page.backups.iter().map(backup::summary).collect()),
            last_evaluated_backup_arn: page.last.map(|id| id.arn().to_string()),
        }))
    }
}

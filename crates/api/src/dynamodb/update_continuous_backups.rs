use super::error::invalid;
use super::{backup, model, target};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;

/// The longest recovery period, and the one where none is given.
const DAYS_MAX: i32 = 35;

impl Operation for model::operation::UpdateContinuousBackups {
    const ACTION: &'static str = "dynamodb:UpdateContinuousBackups";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["PointInTimeRecoverySpecification", "TableName"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target::table(call, &input.table_name).map(|table| target::resources(&table))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let table = target::table(&call, &input.table_name)?;
        let wanted = input.point_in_time_recovery_specification;
        let days = match (wanted.point_in_time_recovery_enabled, wanted.recovery_period_in_days) {
            (true, days) => Some(period(days.unwrap_or(DAYS_MAX))?),
            (false, None) => None,
            (false, Some(_)) => {
                return Err(invalid("RecoveryPeriodInDays can only be given where recovery is enabled"));
            }
        };
        let recovery = call.services.tables.update_recovery(table, days).await?;
        Ok(Reply::new(model::UpdateContinuousBackupsOutput {
            continuous_backups_description: Some(backup::continuous(recovery, call.now)),
        }))
    }
}

fn period(days: i32) -> Result<u32, ApiError> {
    match u32::try_from(days) {
        Ok(known) if (1..=DAYS_MAX).contains(&days) => Ok(known),
        _ => Err(invalid(format!("RecoveryPeriodInDays must be from 1 to {DAYS_MAX}"))),
    }
}

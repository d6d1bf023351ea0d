use super::description::described;
use super::error::invalid;
use super::{model, restore, target};
use crate::{AccessLevel, ApiError, Call, Further, Operation, Reply};
use access::Resource;
use tables::{Moment, Restore, TableId};

impl Operation for model::operation::RestoreTableToPointInTime {
    const ACTION: &'static str = "dynamodb:RestoreTableToPointInTime";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &[
        "RestoreDateTime",
        "SourceTableArn",
        "SourceTableName",
        "UseLatestRestorableTime",
        "BillingModeOverride",
        "GlobalSecondaryIndexOverride",
        "LocalSecondaryIndexOverride",
        "ProvisionedThroughputOverride",
        "SSESpecificationOverride.Enabled",
        "TargetTableName",
    ];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        let mut resources = target::resources(&target::table(call, &input.target_table_name)?);
        resources.extend(target::resources(&source(call, input)?));
        Ok(resources)
    }

    async fn further(call: &Call, input: &Self::Input) -> Result<Vec<Further>, ApiError> {
        target::table(call, &input.target_table_name).map(|table| restore::further(&table))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let (source, target) = (source(&call, &input)?, target::table(&call, &input.target_table_name)?);
        let moment = match (input.use_latest_restorable_time.unwrap_or(false), input.restore_date_time) {
            (true, None) => Moment::Latest,
            (false, Some(at)) => Moment::At(at.0),
            _ => return Err(invalid("Specify either RestoreDateTime or UseLatestRestorableTime")),
        };
        let overrides = restore::overrides(restore::Given {
            mode: input.billing_mode_override.as_deref(),
            throughput: input.provisioned_throughput_override.as_ref(),
            encryption: input.sse_specification_override.as_ref(),
            global: input.global_secondary_index_override,
            local: input.local_secondary_index_override,
        })?;
        let request = Restore { source, target, moment, overrides };
        let info = call.services.tables.restore_to_point_in_time(request).await?;
        Ok(Reply::new(model::RestoreTableToPointInTimeOutput {
            table_description: Some(described(&info, call.now)),
        }))
    }
}

fn source(call: &Call, input: &model::RestoreTableToPointInTimeInput) -> Result<TableId, ApiError> {
    match (&input.source_table_arn, &input.source_table_name) {
        (Some(arn), None) => target::by_arn(call, arn),
        (None, Some(name)) => target::table(call, name),
        _ => Err(invalid("Specify either SourceTableArn or SourceTableName")),
    }
}

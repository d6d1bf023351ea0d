//! Backups as DynamoDB describes them.

use super::description::{key, number, projection};
use super::error::invalid;
use super::model;
use crate::{ApiError, Call};
use access::Resource;
use clock::Timestamp;
use tables::{Backup, BackupId, Billing, IndexKind, Recovery, TableRecord, Throughput};

/// # Errors
/// `ValidationException` where it is no ARN of a backup in this region.
pub(super) fn read(call: &Call, arn: &str) -> Result<BackupId, ApiError> {
    BackupId::parse(arn)
        .filter(|id| id.table.region == call.region)
        .ok_or_else(|| invalid(format!("Invalid BackupArn: Invalid ResourceArn provided as input {arn}")))
}

pub(super) fn resources(id: &BackupId) -> Vec<Resource> {
    vec![Resource::new(id.arn())]
}

/// `status`: what is told in the place of what is.
pub(super) fn details(backup: &Backup, status: Option<&str>) -> model::BackupDetails {
    let record = &backup.record;
    model::BackupDetails {
        backup_arn: backup.id.arn().to_string(),
        backup_name: record.name.clone(),
        backup_size_bytes: Some(number(record.bytes)),
        backup_status: status.unwrap_or(self::status(backup)).to_owned(),
        backup_type: "USER".to_owned(),
        backup_creation_date_time: record.created.into(),
        backup_expiry_date_time: None,
    }
}

fn status(backup: &Backup) -> &'static str {
    if backup.record.finished.is_some() { "AVAILABLE" } else { "CREATING" }
}

pub(super) fn summary(backup: &Backup) -> model::BackupSummary {
    let record = &backup.record;
    model::BackupSummary {
        table_name: Some(backup.id.table.name.to_string()),
        table_id: Some(record.table.id.clone()),
        table_arn: Some(backup.id.table.arn().to_string()),
        backup_arn: Some(backup.id.arn().to_string()),
        backup_name: Some(record.name.clone()),
        backup_creation_date_time: Some(record.created.into()),
        backup_expiry_date_time: None,
        backup_status: Some(status(backup).to_owned()),
        backup_type: Some("USER".to_owned()),
        backup_size_bytes: Some(number(record.bytes)),
    }
}

pub(super) fn described(backup: &Backup, status: Option<&str>) -> model::BackupDescription {
    let table = &backup.record.table;
    let units = match table.billing {
        Billing::PayPerRequest => Throughput { read: 0, write: 0 },
        Billing::Provisioned(units) => units,
    };
    let source = model::SourceTableDetails {
        table_name: backup.id.table.name.to_string(),
        table_id: table.id.clone(),
        table_arn: Some(backup.id.table.arn().to_string()),
        table_size_bytes: Some(number(backup.record.bytes)),
        key_schema: key(&table.key),
        table_creation_date_time: table.created.into(),
        provisioned_throughput: throughput(units),
        on_demand_throughput: None,
        item_count: Some(number(backup.record.items)),
        billing_mode: Some(
            if table.billing == Billing::PayPerRequest { "PAY_PER_REQUEST" } else { "PROVISIONED" }
                .to_owned(),
        ),
    };
    model::BackupDescription {
        backup_details: Some(details(backup, status)),
        source_table_details: Some(source),
        source_table_feature_details: Some(features(table)),
    }
}

fn throughput(units: Throughput) -> model::ProvisionedThroughput {
    model::ProvisionedThroughput {
        read_capacity_units: number(units.read),
        write_capacity_units: number(units.write),
    }
}

fn features(table: &TableRecord) -> model::SourceTableFeatureDetails {
    let local: Vec<_> = (table.indexes_of(IndexKind::Local))
        .map(|index| model::LocalSecondaryIndexInfo {
            index_name: Some(index.name.clone()),
            key_schema: Some(key(&index.key)),
            projection: Some(projection(&index.projected)),
        })
        .collect();
    let global: Vec<_> = (table.indexes_of(IndexKind::Global))
        .map(|index| model::GlobalSecondaryIndexInfo {
            index_name: Some(index.name.clone()),
            key_schema: Some(key(&index.key)),
            projection: Some(projection(&index.projected)),
            provisioned_throughput: index.throughput.map(throughput),
            on_demand_throughput: None,
        })
        .collect();
    let stream = table.stream.as_ref().filter(|stream| stream.is_on);
    model::SourceTableFeatureDetails {
        local_secondary_indexes: (!local.is_empty()).then_some(local),
        global_secondary_indexes: (!global.is_empty()).then_some(global),
        stream_description: stream.map(|stream| model::StreamSpecification {
            stream_enabled: true,
            stream_view_type: Some(stream.view.as_str().to_owned()),
        }),
        time_to_live_description: table.time_to_live.as_ref().map(|kept| model::TimeToLiveDescription {
            time_to_live_status: Some("ENABLED".to_owned()),
            attribute_name: Some(kept.attribute.clone()),
        }),
        ..model::SourceTableFeatureDetails::default()
    }
}

pub(super) fn continuous(recovery: Option<Recovery>, now: Timestamp) -> model::ContinuousBackupsDescription {
    let status = if recovery.is_some() { "ENABLED" } else { "DISABLED" };
    model::ContinuousBackupsDescription {
        // Backups are always possible; this is not what can be switched.
        continuous_backups_status: "ENABLED".to_owned(),
        point_in_time_recovery_description: Some(model::PointInTimeRecoveryDescription {
            point_in_time_recovery_status: Some(status.to_owned()),
            recovery_period_in_days: recovery.and_then(|recovery| i32::try_from(recovery.days).ok()),
            earliest_restorable_date_time: recovery.map(|recovery| recovery.earliest(now).into()),
            latest_restorable_date_time: recovery.map(|_| now.into()),
        }),
    }
}

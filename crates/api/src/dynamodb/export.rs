//! Exports as DynamoDB describes them.

use super::description::number;
use super::model;
use tables::{Export, ExportRecord, ExportState, LineFormat, Scope, View};

pub(super) fn status(record: &ExportRecord) -> &'static str {
    match record.state {
        ExportState::Copying | ExportState::Writing | ExportState::Telling => "IN_PROGRESS",
        ExportState::Completed { .. } => "COMPLETED",
        ExportState::Failed(_) => "FAILED",
    }
}

pub(super) fn kind(record: &ExportRecord) -> &'static str {
    match record.scope {
        Scope::All { .. } => "FULL_EXPORT",
        Scope::Changes { .. } => "INCREMENTAL_EXPORT",
    }
}

pub(super) fn described(export: &Export) -> model::ExportDescription {
    let record = &export.record;
    let (manifest, failure) = match &record.state {
        ExportState::Completed { manifest } => (Some(manifest.clone()), None),
        ExportState::Failed(failure) => (None, Some(failure)),
        _ => (None, None),
    };
    let is_done = manifest.is_some();
    let (at, period) = match record.scope {
        Scope::All { at } => (Some(at.into()), None),
        Scope::Changes { from, to, view } => {
            let view = match view {
                View::New => "NEW_IMAGE",
                View::NewAndOld => "NEW_AND_OLD_IMAGES",
            };
            let period = model::IncrementalExportSpecification {
                export_from_time: Some(from.into()),
                export_to_time: Some(to.into()),
                export_view_type: Some(view.to_owned()),
            };
            (None, Some(period))
        }
    };
    model::ExportDescription {
        export_arn: Some(export.id.arn().to_string()),
        export_status: Some(status(record).to_owned()),
        start_time: Some(record.started.into()),
        end_time: record.ended.map(Into::into),
        export_manifest: manifest,
        table_arn: Some(export.id.table.arn().to_string()),
        table_id: Some(record.table_id.clone()),
        export_time: at,
        client_token: record.token.clone(),
        s3_bucket: Some(record.bucket.clone()),
        s3_bucket_owner: record.bucket_owner.clone(),
        s3_prefix: record.prefix.clone(),
        s3_sse_algorithm: Some(record.encryption.clone().unwrap_or_else(|| "AES256".to_owned())),
        s3_sse_kms_key_id: None,
        failure_code: failure.map(|failure| failure.code.clone()),
        failure_message: failure.map(|failure| failure.message.clone()),
        export_format: Some(
            match record.format {
                LineFormat::Json => "DYNAMODB_JSON",
                LineFormat::Ion => "ION",
            }
            .to_owned(),
        ),
        billed_size_bytes: is_done.then(|| number(record.bytes)),
        item_count: is_done.then(|| number(record.items)),
        export_type: Some(kind(record).to_owned()),
        incremental_export_specification: period,
        filter_specification: None,
    }
}

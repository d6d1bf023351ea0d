//! What tells of an export
//! (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html>).

use super::files::md5;
use clock::Timestamp;
use serde_json::{Value, json};
use tables::{Export, ExportFile, LineFormat, Scope, View};

/// `files`: the key of the list of files.
pub(super) fn summary(export: &Export, files: &str, ended: Timestamp) -> Value {
    let record = &export.record;
    let mut summary = json!({
        "version": "2020-06-30",
        "exportArn": export.id.arn().to_string(),
        "startTime": record.started.to_iso8601(),
        "endTime": ended.to_iso8601(),
        "tableArn": export.id.table.arn().to_string(),
        "tableId": record.table_id,
        "s3Bucket": record.bucket,
        "s3Prefix": record.prefix,
        // What holds where nothing was asked for.
        "s3SseAlgorithm": record.encryption.as_deref().unwrap_or("AES256"),
        "s3SseKmsKeyId": null,
        "manifestFilesS3Key": files,
        "billedSizeBytes": record.bytes,
        "itemCount": record.items,
        "outputFormat": match record.format {
            LineFormat::Json => "DYNAMODB_JSON",
            LineFormat::Ion => "ION",
        },
    });
    let of_scope = match record.scope {
        Scope::All { at } => json!({ "exportType": "FULL_EXPORT", "exportTime": at.to_iso8601() }),
        Scope::Changes { from, to, view } => json!({
            "exportType": "INCREMENTAL_EXPORT",
            "exportFromTime": from.to_iso8601(),
            "exportToTime": to.to_iso8601(),
            "outputView": match view {
                View::New => "NEW_IMAGE",
                View::NewAndOld => "NEW_AND_OLD_IMAGES",
            },
        }),
    };
    if let (Some(summary), Value::Object(of_scope)) = (summary.as_object_mut(), of_scope) {
        summary.extend(of_scope);
    }
    summary
}

/// Appends a line.
pub(super) fn file(file: &ExportFile, lines: &mut Vec<u8>) {
    let line = json!({
        "itemCount": file.items,
        "md5Checksum": md5(&file.etag),
        "etag": file.etag,
        "dataFileS3Key": file.key,
    });
    lines.extend_from_slice(line.to_string().as_bytes());
    lines.push(b'\n');
}

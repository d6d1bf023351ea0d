use super::create_table::refused;
use super::{export, model, target, transfer};
use crate::s3::place::object_resource;
use crate::{AccessLevel, ApiError, Call, Further, Operation, Reply};
use access::Resource;
use access::policy::Context;
use tables::{Asker, ExportTable, LineFormat, View, Wanted};

/// What whoever exports must be allowed to do in the bucket, asked when the export is asked for
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport_Requesting.html>).
const IN_THE_BUCKET: [&str; 3] = ["s3:AbortMultipartUpload", "s3:PutObject", "s3:PutObjectAcl"];
/// Bytes of a key of an object that an export may write behind its prefix, at most.
const KEY_REST: usize = 128;

impl Operation for model::operation::ExportTableToPointInTime {
    const ACTION: &'static str = "dynamodb:ExportTableToPointInTime";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &[
        "ClientToken",
        "ExportFormat",
        "ExportTime",
        "ExportType",
        "IncrementalExportSpecification",
        "S3Bucket",
        "S3BucketOwner",
        "S3Prefix",
        "S3SseAlgorithm",
        "TableArn",
    ];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target::by_arn(call, &input.table_arn).map(|table| target::resources(&table))
    }

    async fn further(call: &Call, input: &Self::Input) -> Result<Vec<Further>, ApiError> {
        let all = match input.s3_prefix.as_deref().map(|prefix| prefix.trim_end_matches('/')) {
            None | Some("") => "AWSDynamoDB/*".to_owned(),
            Some(prefix) => format!("{prefix}/AWSDynamoDB/*"),
        };
        let owner = input.s3_bucket_owner.as_ref();
        let mut further = Vec::new();
        for action in IN_THE_BUCKET {
            let resources = object_resource(call, &input.s3_bucket, &all, owner).await?;
            further.push(Further { action, resources, conditions: Context::new() });
        }
        Ok(further)
    }

    async fn call(call: Call, mut input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let table = target::by_arn(&call, &input.table_arn)?;
        let token = input.client_token.take();
        let token = transfer::token(&call, token, &input)?;
        if input.s3_sse_algorithm.as_deref() == Some("KMS") {
            return Err(ApiError::unsupported(
                "S3SseAlgorithm",
                "there are no keys to encrypt with but AES256's",
            ));
        }
        if input.s3_prefix.as_ref().is_some_and(|prefix| prefix.len() + KEY_REST > objects::KEY_BYTES_MAX) {
            return Err(refused("S3Prefix is too long for the keys of the export's objects"));
        }
        let format = match input.export_format.as_deref() {
            Some("ION") => LineFormat::Ion,
            _ => LineFormat::Json,
        };
        let request = ExportTable {
            table,
            wanted: wanted(&input, format)?,
            format,
            bucket: input.s3_bucket,
            bucket_owner: input.s3_bucket_owner,
            prefix: input.s3_prefix,
            encryption: input.s3_sse_algorithm,
            asker: Asker {
                account: call.account.to_string(),
                principal: call.principal.arn(),
                principal_id: call.principal.user_id(),
                source_ip: call.source_ip.to_string(),
                request_id: call.request_id.clone(),
            },
            token,
        };
        let export = call.services.tables.export_table(request).await?;
        let described = export::described(&export);
        Ok(Reply::new(model::ExportTableToPointInTimeOutput { export_description: Some(described) }))
    }
}

/// # Errors
/// `ValidationException`, or what there is not.
fn wanted(input: &model::ExportTableToPointInTimeInput, format: LineFormat) -> Result<Wanted, ApiError> {
    let given = input.incremental_export_specification.as_ref();
    match (input.export_type.as_deref(), given) {
        (None | Some("FULL_EXPORT"), None) => Ok(Wanted::All { at: input.export_time.map(|at| at.0) }),
        (None | Some("FULL_EXPORT"), Some(_)) => {
            Err(refused("IncrementalExportSpecification needs the ExportType INCREMENTAL_EXPORT"))
        }
        (Some(_), None) => Err(refused("INCREMENTAL_EXPORT needs an IncrementalExportSpecification")),
        (Some(_), Some(_)) if input.export_time.is_some() => {
            Err(refused("ExportTime is of a FULL_EXPORT, not of an INCREMENTAL_EXPORT"))
        }
        (Some(_), Some(_)) if format == LineFormat::Ion => Err(ApiError::unsupported(
            "ExportFormat",
            "incremental exports are written as DYNAMODB_JSON only",
        )),
        (Some(_), Some(given)) => {
            let from = given.export_from_time.map(|from| from.0);
            let view = match given.export_view_type.as_deref() {
                Some("NEW_IMAGE") => View::New,
                _ => View::NewAndOld,
            };
            let from = from.ok_or_else(|| refused("ExportFromTime is required for an INCREMENTAL_EXPORT"))?;
            Ok(Wanted::Changes { from, to: given.export_to_time.map(|to| to.0), view })
        }
    }
}

use super::archive::{Source, reading};
use super::configuration::{check_architectures, to_wire};
use super::model;
use super::target::whole;
use crate::{AccessLevel, ApiError, Call, Further, Operation, Reply};
use access::Resource;
use functions::CodeUpdate;

impl Operation for model::operation::UpdateFunctionCode {
    const ACTION: &'static str = "lambda:UpdateFunctionCode";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &[
        "FunctionName",
        "ZipFile",
        "S3Bucket",
        "S3Key",
        "S3ObjectVersion",
        "S3ObjectStorageMode",
        "ImageUri",
        "SourceKMSKeyArn",
        "Architectures",
        "Publish",
        "DryRun",
        "RevisionId",
    ];
    // An archive of 50 MiB in base64, and everything else.
    const BODY_MAX: usize = 70 * 1024 * 1024;

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        whole(call, &input.function_name).map(|target| target.resources())
    }

    async fn further(call: &Call, input: &Self::Input) -> Result<Vec<Further>, ApiError> {
        let further = reading(call, input.s3_bucket.as_deref(), input.s3_key.as_deref());
        Ok(further)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let id = whole(&call, &input.function_name)?.id;
        check_architectures(input.architectures.as_deref())?;
        let code = Source {
            zip_file: input.zip_file.as_ref(),
            bucket: input.s3_bucket.as_deref(),
            key: input.s3_key.as_deref(),
            object_version: input.s3_object_version.as_deref(),
            storage_mode: input.s3_object_storage_mode.as_deref(),
            image_uri: input.image_uri.as_deref(),
            kms_key: input.source_kms_key_arn.as_deref(),
        };
        let update = CodeUpdate {
            id,
            code: code.code(&call).await?,
            publish: input.publish.unwrap_or(false),
            dry_run: input.dry_run.unwrap_or(false),
            revision_id: input.revision_id,
        };
        let described = call.services.functions.update_function_code(update).await?;
        Ok(Reply::new(to_wire(&described)))
    }
}

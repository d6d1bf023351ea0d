use super::archive::{Source, reading};
use super::layer::{resources, to_wire};
use super::model;
use super::target::layer;
use crate::{AccessLevel, ApiError, Call, Further, Operation, Reply};
use access::Resource;
use functions::NewLayerVersion;

impl Operation for model::operation::PublishLayerVersion {
    const ACTION: &'static str = "lambda:PublishLayerVersion";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &[
        "LayerName",
        "Description",
        "Content",
        "CompatibleArchitectures",
        "CompatibleRuntimes",
        "LicenseInfo",
    ];
    // An archive of 50 MiB in base64, and everything else.
    const BODY_MAX: usize = 70 * 1024 * 1024;

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        Ok(resources(&layer(call, &input.layer_name)?))
    }

    async fn further(call: &Call, input: &Self::Input) -> Result<Vec<Further>, ApiError> {
        let further = reading(call, input.content.s3_bucket.as_deref(), input.content.s3_key.as_deref());
        Ok(further)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let id = layer(&call, &input.layer_name)?;
        let code = Source {
            zip_file: input.content.zip_file.as_ref(),
            bucket: input.content.s3_bucket.as_deref(),
            key: input.content.s3_key.as_deref(),
            object_version: input.content.s3_object_version.as_deref(),
            storage_mode: input.content.s3_object_storage_mode.as_deref(),
            ..Source::default()
        };
        let new = NewLayerVersion {
            id: id.clone(),
            code: code.read(&call).await?,
            description: input.description.unwrap_or_default(),
            license: input.license_info.unwrap_or_default(),
            runtimes: input.compatible_runtimes.unwrap_or_default(),
            architectures: input.compatible_architectures.unwrap_or_default(),
        };
        let version = call.services.functions.publish_layer_version(new).await?;
        let version = to_wire(&call, &id, version);
        Ok(Reply::new(model::PublishLayerVersionResponse {
            content: version.content,
            layer_arn: version.layer_arn,
            layer_version_arn: version.layer_version_arn,
            description: version.description,
            created_date: version.created_date,
            version: version.version,
            compatible_architectures: version.compatible_architectures,
            compatible_runtimes: version.compatible_runtimes,
            license_info: version.license_info,
        }))
    }
}

use super::archive::Source;
use super::configuration::{Unused, check_architectures, to_wire, unsigned, variables};
use super::error::invalid;
use super::target::whole;
use super::{logging, model, snap_start};
use crate::{ApiError, Call, Operation, Reply};
use access::Resource;
use functions::NewFunction;

impl Operation for model::operation::CreateFunction {
    const ACTION: &'static str = "lambda:CreateFunction";
    const HONOURED: &'static [&'static str] = &[
        "FunctionName",
        "Runtime",
        "Role",
        "Handler",
        "Code",
        "Description",
        "Timeout",
        "MemorySize",
        "Publish",
        "VpcConfig",
        "PackageType",
        "DeadLetterConfig",
        "Environment",
        "KMSKeyArn",
        "TracingConfig",
        "Tags",
        "Layers",
        "FileSystemConfigs",
        "ImageConfig",
        "Architectures",
        "EphemeralStorage",
        "SnapStart",
        "LoggingConfig",
    ];
    // An archive of 50 MiB in base64, and everything else.
    const BODY_MAX: usize = 70 * 1024 * 1024;

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        whole(call, &input.function_name).map(|target| target.resources())
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let id = whole(&call, &input.function_name)?.id;
        check(&input)?;
        let code = Source {
            zip_file: input.code.zip_file.as_ref(),
            bucket: input.code.s3_bucket.as_deref(),
            key: input.code.s3_key.as_deref(),
            object_version: input.code.s3_object_version.as_deref(),
            storage_mode: input.code.s3_object_storage_mode.as_deref(),
            image_uri: input.code.image_uri.as_deref(),
            kms_key: input.code.source_kms_key_arn.as_deref(),
        };
        let code = code.read(&call).await?;
        let runtime = input.runtime.ok_or_else(|| {
            invalid("Runtime and Handler are mandatory parameters for functions created with deployment packages.")
        })?;
        let described = call
            .services
            .functions
            .create_function(NewFunction {
                id,
                runtime,
                handler: input.handler.unwrap_or_default(),
                role: input.role,
                description: input.description.unwrap_or_default(),
                memory_mb: unsigned("MemorySize", input.memory_size.unwrap_or(128))?,
                timeout_s: unsigned("Timeout", input.timeout.unwrap_or(3))?,
                tmp_mb: unsigned(
                    "EphemeralStorage.Size",
                    input.ephemeral_storage.map_or(512, |tmp| tmp.size),
                )?,
                environment: input.environment.map(variables).unwrap_or_default(),
                layers: input.layers.unwrap_or_default(),
                logging: logging::from_wire(input.logging_config),
                snap_start: snap_start::from_wire(input.snap_start.as_ref()).unwrap_or(false),
                tags: input.tags.unwrap_or_default(),
                code,
                publish: input.publish.unwrap_or(false),
            })
            .await?;
        Ok(Reply::new(to_wire(&described)))
    }
}

/// Members with values that mean something else than "not used", or that only this server cannot do.
fn check(input: &model::CreateFunctionRequest) -> Result<(), ApiError> {
    if let Some(kind) = input.package_type.as_deref().filter(|kind| *kind != "Zip") {
        return Err(ApiError::unsupported(&format!("PackageType {kind}"), "functions are zip archives"));
    }
    check_architectures(input.architectures.as_deref())?;
    Unused {
        vpc: input.vpc_config.as_ref(),
        dead_letter: input.dead_letter_config.as_ref(),
        kms_key: input.kms_key_arn.as_deref(),
        tracing: input.tracing_config.as_ref(),
        file_systems: input.file_system_configs.as_deref(),
        image: input.image_config.as_ref(),
    }
    .check()
}

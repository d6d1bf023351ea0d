use super::archive::{Source, reading};
use super::conditions;
use super::configuration::{
    Unused, check_architectures, image_config_from_wire, to_wire, unsigned, variables,
};
use super::error::invalid;
use super::layer::uses;
use super::pass_role::{check_trust, pass_role};
use super::target::whole;
use super::{destinations, logging, model, snap_start};
use crate::tag_conditions;
use crate::{AccessLevel, ApiError, Call, Further, Operation, Reply};
use access::Resource;
use access::policy::Context;
use functions::{NewCode, NewFunction};

impl Operation for model::operation::CreateFunction {
    const ACTION: &'static str = "lambda:CreateFunction";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &["aws:RequestTag/", "aws:TagKeys", "lambda:Layer"];
    const DATA: bool = false;
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

    async fn conditions(_call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        let mut context = tag_conditions::requested(input.tags.iter().flatten());
        conditions::with_layers(&mut context, input.layers.as_ref());
        Ok(context)
    }

    async fn further(call: &Call, input: &Self::Input) -> Result<Vec<Further>, ApiError> {
        let mut further = reading(call, input.code.s3_bucket.as_deref(), input.code.s3_key.as_deref());
        let function = whole(call, &input.function_name)?.id;
        further.push(pass_role(&input.role, &function.arn())?);
        further.extend(uses(input.layers.as_deref())?);
        let tags = tag_conditions::requested(input.tags.iter().flatten());
        further.extend(tag_conditions::tagging(
            "lambda:TagResource",
            vec![Resource::new(function.arn())],
            tags,
        ));
        Ok(further)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let id = whole(&call, &input.function_name)?.id;
        check(&input)?;
        check_trust(&call, &input.role).await?;
        let code = Source {
            zip_file: input.code.zip_file.as_ref(),
            bucket: input.code.s3_bucket.as_deref(),
            key: input.code.s3_key.as_deref(),
            object_version: input.code.s3_object_version.as_deref(),
            storage_mode: input.code.s3_object_storage_mode.as_deref(),
            image_uri: input.code.image_uri.as_deref(),
            kms_key: input.code.source_kms_key_arn.as_deref(),
        };
        let code = code.code(&call).await?;
        let runtime = match (&code, input.runtime) {
            (NewCode::Zip(_), None) => return Err(invalid(RUNTIME_NEEDED)),
            (_, runtime) => runtime.unwrap_or_default(),
        };
        let dead_letters =
            destinations::dead_letters(&call, &input.role, &id, input.dead_letter_config).await?;
        let dead_letters = dead_letters.filter(|arn| !arn.is_empty());
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
                image_config: input.image_config.map(image_config_from_wire).unwrap_or_default(),
                dead_letters,
                publish: input.publish.unwrap_or(false),
            })
            .await?;
        Ok(Reply::new(to_wire(&described)))
    }
}

/// Lambda's own words.
const RUNTIME_NEEDED: &str =
    "Runtime and Handler are mandatory parameters for functions created with deployment packages.";

/// Members with values that mean something else than "not used", or that only this server cannot do.
fn check(input: &model::CreateFunctionRequest) -> Result<(), ApiError> {
    match (input.package_type.as_deref(), &input.code.image_uri) {
        (Some("Image"), None) => {
            return Err(invalid("Please provide ImageUri when the intended function PackageType is Image."));
        }
        (Some("Image"), Some(_)) => {}
        // Without a package type it is a zip's, whatever else was said.
        (_, Some(_)) if input.runtime.is_none() || input.handler.is_none() => {
            return Err(invalid(RUNTIME_NEEDED));
        }
        (_, Some(_)) => {
            return Err(invalid(
                "Please don't provide ImageUri when the intended function PackageType is Zip.",
            ));
        }
        (_, None) => {}
    }
    check_architectures(input.architectures.as_deref())?;
    Unused {
        vpc: input.vpc_config.as_ref(),
        kms_key: input.kms_key_arn.as_deref(),
        tracing: input.tracing_config.as_ref(),
        file_systems: input.file_system_configs.as_deref(),
    }
    .check()
}

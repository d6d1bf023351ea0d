use super::conditions;
use super::configuration::{Unused, image_config_from_wire, to_wire, unsigned, variables};
use super::layer::uses;
use super::pass_role::{check_trust, pass_role};
use super::target::whole;
use super::{destinations, logging, model, snap_start};
use crate::{AccessLevel, ApiError, Call, Further, Operation, Reply};
use access::Resource;
use access::policy::Context;
use functions::ConfigurationUpdate;

impl Operation for model::operation::UpdateFunctionConfiguration {
    const ACTION: &'static str = "lambda:UpdateFunctionConfiguration";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &["lambda:Layer"];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &[
        "FunctionName",
        "Role",
        "Handler",
        "Description",
        "Timeout",
        "MemorySize",
        "VpcConfig",
        "Environment",
        "Runtime",
        "DeadLetterConfig",
        "KMSKeyArn",
        "TracingConfig",
        "RevisionId",
        "Layers",
        "FileSystemConfigs",
        "ImageConfig",
        "EphemeralStorage",
        "SnapStart",
        "LoggingConfig",
    ];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        whole(call, &input.function_name).map(|target| target.resources())
    }

    async fn conditions(_call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        let mut context = Context::new();
        conditions::with_layers(&mut context, input.layers.as_ref());
        Ok(context)
    }

    async fn further(call: &Call, input: &Self::Input) -> Result<Vec<Further>, ApiError> {
        let mut further = uses(input.layers.as_deref())?;
        if let Some(role) = input.role.as_deref() {
            let function = whole(call, &input.function_name)?.id;
            further.push(pass_role(role, &function.arn())?);
        }
        Ok(further)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let id = whole(&call, &input.function_name)?.id;
        if let Some(role) = &input.role {
            check_trust(&call, role).await?;
        }
        Unused {
            vpc: input.vpc_config.as_ref(),
            kms_key: input.kms_key_arn.as_deref(),
            tracing: input.tracing_config.as_ref(),
            file_systems: input.file_system_configs.as_deref(),
        }
        .check()?;
        let dead_letters = match (input.dead_letter_config, &input.role) {
            (None, _) => None,
            (config, Some(role)) => destinations::dead_letters(&call, role, &id, config).await?,
            (config, None) => {
                let functions = &call.services.functions;
                let role = functions.get_function(id.clone(), None).await?.described.configuration.role;
                destinations::dead_letters(&call, &role, &id, config).await?
            }
        };
        let update = ConfigurationUpdate {
            id,
            runtime: input.runtime,
            handler: input.handler,
            role: input.role,
            description: input.description,
            memory_mb: input.memory_size.map(|size| unsigned("MemorySize", size)).transpose()?,
            timeout_s: input.timeout.map(|timeout| unsigned("Timeout", timeout)).transpose()?,
            tmp_mb: input
                .ephemeral_storage
                .map(|tmp| unsigned("EphemeralStorage.Size", tmp.size))
                .transpose()?,
            environment: input.environment.map(variables),
            layers: input.layers,
            dead_letters,
            image_config: input.image_config.map(image_config_from_wire),
            logging: logging::from_wire(input.logging_config),
            snap_start: snap_start::from_wire(input.snap_start.as_ref()),
            revision_id: input.revision_id,
        };
        let described = call.services.functions.update_function_configuration(update).await?;
        Ok(Reply::new(to_wire(&described)))
    }
}

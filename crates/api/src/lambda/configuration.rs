//! Between Lambda's configuration shapes and the service's.

use super::error::invalid;
use super::{logging, model, snap_start};
use crate::ApiError;
use functions::{Described, ImageConfig};
use protocol::Sensitive;
use std::collections::BTreeMap;

/// The architecture that this server runs, as Lambda names it.
pub(super) const ARCHITECTURE: &str = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };

pub(super) fn to_wire(described: &Described) -> model::FunctionConfiguration {
    let configuration = &described.configuration;
    let variables = configuration.environment.variables();
    let environment = (!variables.is_empty()).then(|| model::EnvironmentResponse {
        variables: Some(
            variables.iter().map(|(name, value)| (name.clone(), Sensitive(value.clone()))).collect(),
        ),
        error: None,
    });
    let layers = (!configuration.layers.is_empty()).then(|| {
        configuration
            .layers
            .iter()
            .map(|layer| model::Layer {
                arn: Some(layer.arn.clone()),
                code_size: Some(size(layer.code.zip_bytes)),
                ..model::Layer::default()
            })
            .collect()
    });
    let is_image = configuration.code.image.is_some();
    let (state, state_reason, state_reason_code) = snap_start::state(described);
    model::FunctionConfiguration {
        function_name: Some(described.id.name.to_string()),
        function_arn: Some(described.arn.to_string()),
        runtime: (!is_image).then(|| configuration.runtime.to_string()),
        role: Some(configuration.role.clone()),
        handler: (!is_image).then(|| configuration.handler.clone()),
        code_size: Some(size(configuration.code.zip_bytes)),
        description: Some(configuration.description.clone()),
        timeout: Some(small(configuration.timeout_s)),
        memory_size: Some(small(configuration.memory_mb)),
        last_modified: Some(configuration.modified.to_iso8601_offset()),
        code_sha256: Some(configuration.code.sha256_text()),
        version: Some(described.version.to_string()),
        environment,
        tracing_config: Some(model::TracingConfigResponse { mode: Some("PassThrough".to_owned()) }),
        revision_id: Some(configuration.revision_id.clone()),
        layers,
        state: Some(state.to_owned()),
        state_reason,
        state_reason_code: state_reason_code.map(str::to_owned),
        last_update_status: Some("Successful".to_owned()),
        package_type: Some(if is_image { "Image" } else { "Zip" }.to_owned()),
        image_config_response: image_config(&configuration.image_config),
        architectures: Some(vec![ARCHITECTURE.to_owned()]),
        ephemeral_storage: Some(model::EphemeralStorage { size: small(configuration.tmp_mb) }),
        snap_start: Some(snap_start::to_wire(described)),
        logging_config: Some(logging::to_wire(described)),
        dead_letter_config: configuration
            .dead_letters
            .clone()
            .map(|arn| model::DeadLetterConfig { target_arn: Some(arn) }),
        ..model::FunctionConfiguration::default()
    }
}

/// Nothing where the image's own settings hold.
fn image_config(config: &ImageConfig) -> Option<model::ImageConfigResponse> {
    let ImageConfig { entry_point, command, working_directory } = config.clone();
    let image_config = model::ImageConfig { entry_point, command, working_directory };
    (!config.is_empty())
        .then_some(model::ImageConfigResponse { image_config: Some(image_config), error: None })
}

/// Empty lists and texts say "as the image has it", as deploy tools send them.
pub(super) fn image_config_from_wire(config: model::ImageConfig) -> ImageConfig {
    let model::ImageConfig { entry_point, command, working_directory } = config;
    ImageConfig {
        entry_point: entry_point.filter(|words| !words.is_empty()),
        command: command.filter(|words| !words.is_empty()),
        working_directory: working_directory.filter(|directory| !directory.is_empty()),
    }
}

pub(super) fn size(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

pub(super) fn small(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

/// A number that must not be negative.
///
/// # Errors
/// It is, naming the member.
pub(super) fn unsigned(name: &str, value: i32) -> Result<u32, ApiError> {
    u32::try_from(value).map_err(|_| invalid(format!("{name} must not be negative, got {value}")))
}

pub(super) fn variables(environment: model::Environment) -> BTreeMap<String, String> {
    let variables = environment.variables.unwrap_or_default();
    variables.into_iter().map(|(name, Sensitive(value))| (name, value)).collect()
}

/// Settings that deploy tools send with the value that means "not used". Those are accepted; any other
/// value is refused by name.
#[derive(Default)]
pub(super) struct Unused<'a> {
    pub vpc: Option<&'a model::VpcConfig>,
    pub kms_key: Option<&'a str>,
    pub tracing: Option<&'a model::TracingConfig>,
    pub file_systems: Option<&'a [model::FileSystemConfig]>,
}

impl Unused<'_> {
    pub fn check(&self) -> Result<(), ApiError> {
        let refuse = |name: &str, why: &str| Err(ApiError::unsupported(name, why));
        let some = |list: &Option<Vec<String>>| list.as_ref().is_some_and(|list| !list.is_empty());
        if self.vpc.is_some_and(|vpc| {
            some(&vpc.subnet_ids)
                || some(&vpc.security_group_ids)
                || vpc.ipv6_allowed_for_dual_stack == Some(true)
        }) {
            return refuse("VpcConfig", "functions cannot join a network");
        }
        if self.kms_key.is_some_and(|arn| !arn.is_empty()) {
            return refuse("KMSKeyArn", "there are no customer keys");
        }
        if self.tracing.and_then(|config| config.mode.as_deref()).is_some_and(|mode| mode != "PassThrough") {
            return refuse("TracingConfig.Mode", "only PassThrough is");
        }
        if self.file_systems.is_some_and(|list| !list.is_empty()) {
            return refuse("FileSystemConfigs", "functions cannot mount file systems");
        }
        Ok(())
    }
}

/// # Errors
/// Code for another machine than this one.
pub(super) fn check_architectures(architectures: Option<&[String]>) -> Result<(), ApiError> {
    match architectures {
        None | Some([]) => Ok(()),
        Some([only]) if only == ARCHITECTURE => Ok(()),
        Some(_) => {
            Err(ApiError::unsupported("Architectures", format!("this server runs {ARCHITECTURE} only")))
        }
    }
}

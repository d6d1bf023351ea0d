//! Between Lambda's layer shapes and the service's.

use super::code_download::location;
use super::configuration::size;
use super::error::invalid;
use super::model;
use crate::{ApiError, Call, Further};
use access::Resource;
use access::policy::Context;
use functions::{LAYER_ACTION, LayerId, LayerVersion};

pub(super) fn version_number(number: i64) -> Result<u64, ApiError> {
    match u64::try_from(number) {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(invalid(format!("Layer Version Cannot be less than 1, got {number}"))),
    }
}

pub(super) fn resources(id: &LayerId) -> Vec<Resource> {
    vec![Resource::new(id.arn())]
}

pub(super) fn version_resources(id: &LayerId, number: u64) -> Vec<Resource> {
    vec![Resource::new(id.version_arn(number))]
}

/// Whoever gives a function a layer must be allowed to read it, by its owner too where that is another account
/// (<https://docs.aws.amazon.com/lambda/latest/dg/adding-layers.html>).
///
/// # Errors
/// One that is no ARN of a layer version.
pub(super) fn uses(layers: Option<&[String]>) -> Result<Vec<Further>, ApiError> {
    let uses = layers.unwrap_or_default().iter().map(|arn| {
        let (id, number) = LayerId::parse_version(arn)?;
        Ok(Further {
            action: LAYER_ACTION,
            resources: version_resources(&id, number),
            conditions: Context::new(),
        })
    });
    uses.collect()
}

fn some(list: Vec<String>) -> Option<Vec<String>> {
    (!list.is_empty()).then_some(list)
}

pub(super) fn to_wire(call: &Call, id: &LayerId, version: LayerVersion) -> model::GetLayerVersionResponse {
    let content = model::LayerVersionContentOutput {
        location: Some(location(call, &version.code)),
        code_sha256: Some(version.code.sha256_text()),
        code_size: Some(size(version.code.zip_bytes)),
        ..model::LayerVersionContentOutput::default()
    };
    model::GetLayerVersionResponse {
        content: Some(content),
        layer_arn: Some(id.arn().to_string()),
        layer_version_arn: Some(id.version_arn(version.number).to_string()),
        description: Some(version.description),
        created_date: Some(version.created.to_iso8601_offset()),
        version: Some(size(version.number)),
        compatible_architectures: some(version.architectures),
        compatible_runtimes: some(version.runtimes),
        license_info: (!version.license.is_empty()).then_some(version.license),
    }
}

pub(super) fn item(id: &LayerId, version: LayerVersion) -> model::LayerVersionsListItem {
    model::LayerVersionsListItem {
        layer_version_arn: Some(id.version_arn(version.number).to_string()),
        version: Some(size(version.number)),
        description: Some(version.description),
        created_date: Some(version.created.to_iso8601_offset()),
        compatible_architectures: some(version.architectures),
        compatible_runtimes: some(version.runtimes),
        license_info: (!version.license.is_empty()).then_some(version.license),
    }
}

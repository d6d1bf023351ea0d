//! Between Lambda's alias shapes and the service's.

use super::model;
use functions::{AliasRecord, FunctionId};
use std::collections::BTreeMap;

pub(super) fn to_wire(id: &FunctionId, alias: AliasRecord) -> model::AliasConfiguration {
    let weights: BTreeMap<String, f64> =
        alias.weights.iter().map(|(version, weight)| (version.to_string(), *weight)).collect();
    model::AliasConfiguration {
        alias_arn: Some(id.qualified_arn(&alias.name).to_string()),
        function_version: Some(alias.version.to_string()),
        description: Some(alias.description),
        routing_config: (!weights.is_empty())
            .then_some(model::AliasRoutingConfiguration { additional_version_weights: Some(weights) }),
        revision_id: Some(alias.revision_id),
        name: Some(alias.name),
    }
}

pub(super) fn weights(routing: Option<model::AliasRoutingConfiguration>) -> Option<BTreeMap<String, f64>> {
    routing.map(|routing| routing.additional_version_weights.unwrap_or_default())
}

//! What both ways to restore a table have in common.

use super::create_table::{billing, encryption, key, projected, refused, throughput};
use super::{model, target};
use crate::{ApiError, Further};
use access::policy::Context;
use tables::{CreateIndex, IndexKind, Overrides, Scaling, TableId};

pub(super) struct Given<'a> {
    pub mode: Option<&'a str>,
    pub throughput: Option<&'a model::ProvisionedThroughput>,
    pub encryption: Option<&'a model::SSESpecification>,
    pub global: Option<Vec<model::GlobalSecondaryIndex>>,
    pub local: Option<Vec<model::LocalSecondaryIndex>>,
}

/// # Errors
/// `ValidationException`, or what there is not.
pub(super) fn overrides(given: Given<'_>) -> Result<Overrides, ApiError> {
    encryption(given.encryption)?;
    let billing = match (given.mode, given.throughput) {
        (None, None) => None,
        (None, Some(_)) => {
            return Err(refused("ProvisionedThroughputOverride needs the BillingModeOverride PROVISIONED"));
        }
        (mode, units) => Some(billing(mode, units)?),
    };
    let global = |index: model::GlobalSecondaryIndex| {
        if index.on_demand_throughput.is_some() || index.warm_throughput.is_some() {
            return Err(ApiError::unsupported(
                "GlobalSecondaryIndexOverride.OnDemandThroughput",
                "indexes of a restored table have no bounds of their own",
            ));
        }
        Ok(CreateIndex {
            name: index.index_name,
            kind: IndexKind::Global,
            key: key(index.key_schema)?,
            projected: projected(index.projection)?,
            throughput: index.provisioned_throughput.as_ref().map(throughput).transpose()?,
            scaling: Scaling::default(),
        })
    };
    let local = |index: model::LocalSecondaryIndex| {
        Ok(CreateIndex {
            name: index.index_name,
            kind: IndexKind::Local,
            key: key(index.key_schema)?,
            projected: projected(index.projection)?,
            throughput: None,
            scaling: Scaling::default(),
        })
    };
    Ok(Overrides {
        billing,
        global: given
            .global
            .map(|all| all.into_iter().map(global).collect::<Result<_, ApiError>>())
            .transpose()?,
        local: given
            .local
            .map(|all| all.into_iter().map(local).collect::<Result<_, ApiError>>())
            .transpose()?,
    })
}

/// What else whoever restores must be allowed to do with the new table:
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html>
pub(super) fn further(target: &TableId) -> Vec<Further> {
    let actions = [
        "dynamodb:BatchWriteItem",
        "dynamodb:DeleteItem",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:Query",
        "dynamodb:Scan",
        "dynamodb:UpdateItem",
    ];
    let asked = |action| Further { action, resources: target::resources(target), conditions: Context::new() };
    actions.into_iter().map(asked).collect()
}

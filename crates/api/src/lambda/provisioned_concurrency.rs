use super::configuration::small;
use super::error::invalid;
use super::model;
use super::target::{Target, target};
use crate::{ApiError, Call};
use functions::ProvisionedState;
use names::Qualifier;
use pool::ProvisionFailure;

/// The target of a request that must name a version or alias.
pub(super) fn qualified(call: &Call, name: &str, qualifier: &str) -> Result<(Target, Qualifier), ApiError> {
    let target = target(call, name, Some(qualifier))?;
    match target.qualifier.clone() {
        Some(qualifier) => Ok((target, qualifier)),
        None => Err(invalid("Provisioned concurrency is of a version or an alias: name one as Qualifier.")),
    }
}

pub(super) struct Shown {
    pub requested: i32,
    pub allocated: i32,
    pub available: i32,
    pub status: String,
    pub status_reason: Option<String>,
    pub last_modified: String,
}

pub(super) fn shown(state: &ProvisionedState) -> Shown {
    let (status, reason) = match state.failure {
        _ if state.available >= state.requested => ("READY", None),
        None => ("IN_PROGRESS", None),
        Some(ProvisionFailure::Init) => ("FAILED", Some("FUNCTION_ERROR_INIT_FAILURE")),
        Some(ProvisionFailure::Memory) => {
            ("FAILED", Some("This machine has not enough memory for all of them"))
        }
    };
    Shown {
        requested: small(state.requested),
        allocated: small(state.allocated),
        available: small(state.available),
        status: status.to_owned(),
        status_reason: reason.map(str::to_owned),
        last_modified: state.modified.to_iso8601_offset(),
    }
}

pub(super) fn list_item(
    arn: String,
    state: &ProvisionedState,
) -> model::ProvisionedConcurrencyConfigListItem {
    let shown = shown(state);
    model::ProvisionedConcurrencyConfigListItem {
        function_arn: Some(arn),
        requested_provisioned_concurrent_executions: Some(shown.requested),
        available_provisioned_concurrent_executions: Some(shown.available),
        allocated_provisioned_concurrent_executions: Some(shown.allocated),
        status: Some(shown.status),
        status_reason: shown.status_reason,
        last_modified: Some(shown.last_modified),
    }
}

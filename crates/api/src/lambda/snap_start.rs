//! `SnapStart` and the state that it gives to a version.

use super::model;
use functions::{Described, SnapshotState, Version};

pub(super) fn to_wire(described: &Described) -> model::SnapStartResponse {
    let configuration = &described.configuration;
    let is_on = described.version != Version::Latest && configuration.snapshot == SnapshotState::On;
    model::SnapStartResponse {
        apply_on: Some(if configuration.snap_start { "PublishedVersions" } else { "None" }.to_owned()),
        optimization_status: Some(if is_on { "On" } else { "Off" }.to_owned()),
    }
}

/// The model's constraints have been checked.
pub(super) fn from_wire(wire: Option<&model::SnapStart>) -> Option<bool> {
    wire.and_then(|wire| wire.apply_on.as_deref()).map(|on| on == "PublishedVersions")
}

/// State, its reason and the reason's code.
pub(super) fn state(described: &Described) -> (&'static str, Option<String>, Option<&'static str>) {
    match &described.configuration.snapshot {
        // Code is unpacked and settings hold before the answer is given: waiters see it at once.
        SnapshotState::Off | SnapshotState::On => ("Active", None, None),
        SnapshotState::Pending => {
            ("Pending", Some("The function is being created.".to_owned()), Some("Creating"))
        }
        SnapshotState::Failed { is_of_code: true, reason } => {
            ("Failed", Some(reason.clone()), Some("FunctionError"))
        }
        SnapshotState::Failed { is_of_code: false, reason } => {
            ("Failed", Some(reason.clone()), Some("InternalError"))
        }
    }
}

//! Managed policies as IAM shows them.

use super::{document, model, tags};
use access::iam::{Attached, ManagedPolicy, PolicyVersion, Usage};
use protocol::Timestamp;

pub(super) fn shown(policy: ManagedPolicy) -> model::Policy {
    let count = |number: u64| Some(i32::try_from(number).unwrap_or(i32::MAX));
    model::Policy {
        policy_name: Some(policy.name),
        policy_id: Some(policy.id),
        arn: Some(policy.arn),
        path: Some(policy.path),
        default_version_id: Some(format!("v{}", policy.default_version)),
        attachment_count: count(policy.attachments),
        permissions_boundary_usage_count: count(policy.boundary_uses),
        is_attachable: Some(policy.is_attachable),
        description: policy.description,
        create_date: Some(Timestamp(policy.created)),
        update_date: Some(Timestamp(policy.updated)),
        tags: Some(tags::shown(policy.tags)),
    }
}

pub(super) fn version(version: PolicyVersion) -> model::PolicyVersion {
    model::PolicyVersion {
        document: version.text.as_deref().map(document::shown),
        version_id: Some(format!("v{}", version.version)),
        is_default_version: Some(version.is_default),
        create_date: Some(Timestamp(version.created)),
    }
}

pub(super) fn attached(attached: Vec<Attached>) -> Vec<model::AttachedPolicy> {
    let shown = attached.into_iter().map(|Attached { name, arn }| model::AttachedPolicy {
        policy_name: Some(name),
        policy_arn: Some(arn),
    });
    shown.collect()
}

/// A filter by use; the model lets only two words through.
pub(super) fn usage(filter: Option<&str>) -> Option<Usage> {
    match filter {
        Some("PermissionsPolicy") => Some(Usage::Attached),
        Some("PermissionsBoundary") => Some(Usage::Boundary),
        _ => None,
    }
}

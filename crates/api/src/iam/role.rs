//! Roles as IAM shows them.

use super::{document, model, tags};
use access::iam::{Holder, LastUsed, Role};
use protocol::Timestamp;

/// As CreateRole answers it; lists leave the tags out, and GetRole tells more.
pub(super) fn shown(role: &Role) -> model::Role {
    let identity = role.identity();
    let tags = identity.tags.clone();
    model::Role {
        path: identity.path.clone(),
        role_name: identity.name.clone(),
        role_id: identity.id.clone(),
        arn: identity.arn(),
        create_date: Timestamp(identity.created),
        assume_role_policy_document: Some(document::shown(&role.trust_policy)),
        description: role.description.clone().filter(|description| !description.is_empty()),
        max_session_duration: i32::try_from(role.max_session_seconds).ok(),
        permissions_boundary: None,
        tags: (!tags.is_empty()).then(|| tags::shown(tags)),
        role_last_used: None,
        source_role_template: None,
    }
}

pub(super) fn boundary(role: &Role) -> Option<model::AttachedPermissionsBoundary> {
    let arn = role.identity().boundary.clone()?;
    Some(model::AttachedPermissionsBoundary {
        permissions_boundary_type: Some("Policy".to_owned()),
        permissions_boundary_arn: Some(arn),
    })
}

/// Empty for a role that nobody has used yet.
pub(super) fn last_used(used: Option<LastUsed>) -> model::RoleLastUsed {
    model::RoleLastUsed {
        last_used_date: used.as_ref().map(|used| Timestamp(used.at)),
        region: used.map(|used| used.region),
    }
}

/// A negative number is below whatever bound there is, as 0 is.
pub(super) fn seconds(given: i32) -> u32 {
    u32::try_from(given).unwrap_or(0)
}

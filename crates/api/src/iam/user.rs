//! Users as IAM shows them, and the caller as the user that is meant where none is named.

use super::resources::{self, holder};
use super::{model, tags};
use crate::{ApiError, Call};
use access::iam::{Holder, User};
use access::{Account, IamError, Owner, Principal, Resource};
use protocol::Timestamp;

/// As CreateUser answers it.
pub(super) fn shown(user: &User) -> model::User {
    let identity = user.identity();
    let tags = identity.tags.clone();
    model::User {
        path: identity.path.clone(),
        user_name: identity.name.clone(),
        user_id: identity.id.clone(),
        arn: identity.arn(),
        create_date: Timestamp(identity.created),
        // Nobody has a password here.
        password_last_used: None,
        permissions_boundary: boundary(user),
        tags: (!tags.is_empty()).then(|| tags::shown(tags)),
    }
}

/// Lists leave tags and boundary out.
pub(super) fn listed(user: &User) -> model::User {
    model::User { permissions_boundary: None, tags: None, ..shown(user) }
}

/// The account itself, as GetUser shows it to its root.
pub(super) fn root(owner: &Owner, account: Option<&Account>) -> model::User {
    model::User {
        path: "/".to_owned(),
        user_name: owner.display_name.clone(),
        user_id: owner.account.to_string(),
        arn: format!("arn:aws:iam::{}:root", owner.account),
        create_date: Timestamp(account.map(|account| account.created).unwrap_or_default()),
        password_last_used: None,
        permissions_boundary: None,
        tags: None,
    }
}

pub(super) fn boundary(user: &User) -> Option<model::AttachedPermissionsBoundary> {
    let arn = user.identity().boundary.clone()?;
    Some(model::AttachedPermissionsBoundary {
        permissions_boundary_type: Some("Policy".to_owned()),
        permissions_boundary_arn: Some(arn),
    })
}

pub(super) fn status(is_active: bool) -> &'static str {
    if is_active { "Active" } else { "Inactive" }
}

/// # Errors
/// `ValidationError`: no user is named, and the caller is none.
pub(super) fn name_or_own(call: &Call, name: Option<String>) -> Result<String, ApiError> {
    let own = || match &call.principal {
        Principal::User { user, .. } | Principal::Token { user: Some(user), .. } => Some(user.name.clone()),
        _ => None,
    };
    name.or_else(own).ok_or_else(|| {
        let message = "Must specify userName when calling with non-User credentials";
        ApiError::invalid("ValidationError", message)
    })
}

/// # Errors
/// As [`name_or_own`], or the store fails.
pub(super) async fn named_or_own(call: &Call, name: Option<&str>) -> Result<Vec<Resource>, ApiError> {
    holder::<User>(call, &name_or_own(call, name.map(str::to_owned))?).await
}

/// # Errors
/// As [`named_or_own`], but root may leave the name out.
pub(super) async fn named_or_own_or_root(call: &Call, name: Option<&str>) -> Result<Vec<Resource>, ApiError> {
    match (name, &call.principal) {
        (None, Principal::Root(_)) => resources::all(call, "user", None),
        _ => named_or_own(call, name).await,
    }
}

/// The user that has a key; whoever it could be, where nobody has it.
///
/// # Errors
/// The store fails.
pub(super) async fn of_key(call: &Call, key_id: &str) -> Result<Vec<Resource>, ApiError> {
    let iam = call.services.access.iam();
    match iam.access_key_last_used(call.account.clone(), key_id.to_owned()).await {
        Ok((user, _)) => holder::<User>(call, &user).await,
        Err(IamError::NoSuchEntity(_)) => resources::new(call, "user", None, "*"),
        Err(error) => Err(error.into()),
    }
}

//! IAM's own condition keys
//! (<https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html>).

use super::model::Tag;
use crate::{ApiError, Call, tag_conditions};
use access::IamError;
use access::iam::Holder;
use access::policy::Context;

/// The tags of something that is made, or that are added to it.
pub(super) fn tagged(tags: Option<&Vec<Tag>>) -> Context {
    tag_conditions::requested(tags.into_iter().flatten().map(|tag| (&tag.key, &tag.value)))
}

/// Of a new user or role: its tags, and the boundary that it is given.
pub(super) fn made(tags: Option<&Vec<Tag>>, boundary: Option<&String>) -> Context {
    let mut context = tagged(tags);
    if let Some(boundary) = boundary {
        context.set("iam:PermissionsBoundary", boundary);
    }
    context
}

/// The boundary that a user or role has, which whoever manages its permissions may be bound to.
///
/// # Errors
/// The store fails.
pub(super) async fn bounded<H: Holder>(call: &Call, name: &str) -> Result<Context, ApiError> {
    let mut context = Context::new();
    match call.services.access.iam().get::<H>(call.account.clone(), name.to_owned()).await {
        Ok(holder) => {
            if let Some(boundary) = &holder.identity().boundary {
                context.set("iam:PermissionsBoundary", boundary);
            }
            Ok(context)
        }
        Err(IamError::NoSuchEntity(_)) => Ok(context),
        Err(error) => Err(error.into()),
    }
}

/// Of attaching a managed policy, or detaching it.
///
/// # Errors
/// The store fails.
pub(super) async fn attaching<H: Holder>(call: &Call, name: &str, policy: &str) -> Result<Context, ApiError> {
    let mut context = bounded::<H>(call, name).await?;
    context.set("iam:PolicyARN", policy);
    Ok(context)
}

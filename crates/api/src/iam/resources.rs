//! What IAM's operations act on, as policies write it.

use crate::{ApiError, Call};
use access::iam::Holder;
use access::{IamError, Resource};
use names::Arn;

/// A user, group or role by its name: with its path where there is one of that name, else with `/`.
///
/// # Errors
/// The store fails.
pub(super) async fn holder<H: Holder>(call: &Call, name: &str) -> Result<Vec<Resource>, ApiError> {
    match call.services.access.iam().get::<H>(call.account.clone(), name.to_owned()).await {
        Ok(holder) => one(&holder.identity().arn()),
        Err(IamError::NoSuchEntity(_)) => new(call, <H as Holder>::KIND.word(), None, name),
        Err(error) => Err(error.into()),
    }
}

/// Something that does not exist yet; `kind` is the word in its ARN.
///
/// # Errors
/// Its name makes no ARN.
pub(super) fn new(
    call: &Call,
    kind: &str,
    path: Option<&str>,
    name: &str,
) -> Result<Vec<Resource>, ApiError> {
    one(&format!("arn:aws:iam::{}:{kind}{}{name}", call.account, path.unwrap_or("/")))
}

/// What a list is of: `role/`, or what is under a path.
///
/// # Errors
/// The path makes no ARN.
pub(super) fn all(call: &Call, kind: &str, path_prefix: Option<&str>) -> Result<Vec<Resource>, ApiError> {
    new(call, kind, path_prefix, "")
}

/// A managed policy. What AWS manages belongs to everybody, so that nobody else's permission is asked.
///
/// # Errors
/// `ValidationError`: the text is no ARN.
pub(super) fn policy(arn: &str) -> Result<Vec<Resource>, ApiError> {
    let arn = parse(arn)?;
    // The account `aws` is none.
    Ok(vec![Resource::new(arn)])
}

/// By an ARN that says who owns it.
///
/// # Errors
/// `ValidationError`: the text is no ARN.
pub(super) fn one(arn: &str) -> Result<Vec<Resource>, ApiError> {
    parse(arn).map(|arn| vec![Resource::new(arn)])
}

fn parse(arn: &str) -> Result<Arn, ApiError> {
    Arn::parse(arn).map_err(|_| ApiError::invalid("ValidationError", format!("ARN {arn} is not valid.")))
}

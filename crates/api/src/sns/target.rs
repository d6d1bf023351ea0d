//! Which topic a request is about, and where a listing goes on.

use crate::{ApiError, Call};
use access::Resource;
use names::{Arn, Service};
use topics::{TopicId, TopicName, TopicsError};

/// Entries of a page.
pub(super) const PAGE: usize = 100;

/// By its ARN, in this region.
///
/// # Errors
/// `InvalidParameter`.
pub(super) fn topic(call: &Call, arn: &str) -> Result<TopicId, ApiError> {
    let id = TopicId::parse_arn(arn).filter(|id| id.region == call.region);
    id.ok_or_else(|| TopicsError::InvalidParameter("TopicArn".to_owned()).into())
}

/// By name, of the caller's account.
///
/// # Errors
/// The name is none.
pub(super) fn named(call: &Call, name: &str) -> Result<TopicId, ApiError> {
    let name = TopicName::parse(name)?;
    Ok(TopicId { account: call.account.clone(), region: call.region.clone(), name })
}

pub(super) fn resources(call: &Call, arn: &str) -> Result<Vec<Resource>, ApiError> {
    Ok(vec![Resource::new(topic(call, arn)?.arn())])
}

/// What is decided on where no topic is named.
pub(super) fn all(call: &Call) -> Vec<Resource> {
    vec![Resource::new(Arn::new(Service::Sns, &call.region, &call.account, "*"))]
}

pub(super) fn next(call: &Call, context: &str, last: &[u8]) -> String {
    call.services.access.seal_token(context, last)
}

/// # Errors
/// It is not a token of ours.
pub(super) fn after(call: &Call, context: &str, token: Option<&str>) -> Result<Option<Vec<u8>>, ApiError> {
    let Some(token) = token.filter(|token| !token.is_empty()) else { return Ok(None) };
    call.services.access.open_token(context, token).map(Some).ok_or_else(bad_token)
}

pub(super) fn bad_token() -> ApiError {
    TopicsError::InvalidParameter("NextToken".to_owned()).into()
}

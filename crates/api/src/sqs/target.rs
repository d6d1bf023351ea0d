//! Which queue a request is about.

use super::error::value;
use crate::{ApiError, Call};
use access::Resource;
use http::StatusCode;
use names::{AccountId, Arn, Service};
use queues::{QueueId, QueueName};

/// Reads a `QueueUrl`: whatever stands before the account and the name, the request has found its way here.
///
/// # Errors
/// `InvalidAddress`, or the name is none.
pub(super) fn queue(call: &Call, url: &str) -> Result<QueueId, ApiError> {
    let wrong = || {
        let message = format!("The address {url} is not valid for this endpoint.");
        ApiError::new(StatusCode::NOT_FOUND, "InvalidAddress", message)
    };
    let (before, name) = url.trim_end_matches('/').rsplit_once('/').ok_or_else(wrong)?;
    let account =
        before.rsplit('/').next().and_then(|account| AccountId::parse(account).ok()).ok_or_else(wrong)?;
    let name = QueueName::parse(name).map_err(|_| wrong())?;
    Ok(QueueId { account, region: call.region.clone(), name })
}

/// By name, of the caller's account.
///
/// # Errors
/// The name is none.
pub(super) fn named(call: &Call, name: &str) -> Result<QueueId, ApiError> {
    let name = QueueName::parse(name)?;
    Ok(QueueId { account: call.account.clone(), region: call.region.clone(), name })
}

/// Of this region.
///
/// # Errors
/// It is no queue's ARN.
pub(super) fn by_arn(call: &Call, parameter: &str, arn: &str) -> Result<QueueId, ApiError> {
    let id = QueueId::parse_arn(arn).filter(|id| id.region == call.region);
    id.ok_or_else(|| value(arn, parameter, "It is not the ARN of a queue of this region."))
}

/// What clients find the queue by: at the address by which they found us.
pub(super) fn url(call: &Call, id: &QueueId) -> String {
    format!("{}/{}/{}", call.endpoint, id.account, id.name)
}

pub(super) fn resources(call: &Call, url: &str) -> Result<Vec<Resource>, ApiError> {
    Ok(of(&queue(call, url)?))
}

pub(super) fn of(id: &QueueId) -> Vec<Resource> {
    vec![Resource::new(id.arn())]
}

/// What is decided on where no queue is named.
pub(super) fn all(call: &Call) -> Vec<Resource> {
    vec![Resource::new(Arn::new(Service::Sqs, &call.region, &call.account, "*"))]
}

/// A number that is none below zero.
///
/// # Errors
/// `InvalidParameterValue`.
pub(super) fn natural(parameter: &str, given: Option<i32>) -> Result<Option<u32>, ApiError> {
    let read = |number: i32| u32::try_from(number).map_err(|_| value(number, parameter, "Must be >= 0."));
    given.map(read).transpose()
}

/// Entries of a page: 1 to 1,000.
///
/// # Errors
/// `InvalidParameterValue`.
pub(super) fn page_size(given: Option<i32>) -> Result<usize, ApiError> {
    const MOST: usize = 1000;
    match given.map(usize::try_from) {
        None => Ok(MOST),
        Some(Ok(number)) if (1..=MOST).contains(&number) => Ok(number),
        Some(_) => Err(value(given.unwrap_or_default(), "MaxResults", "Must be an integer from 1 to 1000.")),
    }
}

//! Which stream a request is about.

use crate::dynamodb::error::invalid;
use crate::{ApiError, Call};
use access::Resource;
use tables::StreamId;

/// # Errors
/// `ValidationException` where it is no ARN of a stream in this region.
pub(super) fn stream(call: &Call, arn: &str) -> Result<StreamId, ApiError> {
    StreamId::parse(arn)
        .filter(|id| id.table.region == call.region)
        .ok_or_else(|| invalid(format!("Invalid StreamArn: Invalid ResourceArn provided as input {arn}")))
}

pub(super) fn resources(id: &StreamId) -> Vec<Resource> {
    vec![Resource::new(id.arn())]
}

/// # Errors
/// `ValidationException` for what we never wrote.
pub(super) fn read_sequence(text: &str) -> Result<u64, ApiError> {
    tables::read_sequence_number(text).ok_or_else(|| invalid(format!("Invalid SequenceNumber: {text}")))
}

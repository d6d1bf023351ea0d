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

/// A change's place as it is written: 21 digits, which none of ours outgrows.
pub(super) fn sequence(number: u64) -> String {
    (BASE + u128::from(number)).to_string()
}

const BASE: u128 = 100_000_000_000_000_000_000;

/// # Errors
/// `ValidationException` for what [`sequence`] never wrote.
pub(super) fn read_sequence(text: &str) -> Result<u64, ApiError> {
    let number = text.parse::<u128>().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
    number
        .and_then(|number| number.checked_sub(BASE))
        .and_then(|number| u64::try_from(number).ok())
        .ok_or_else(|| invalid(format!("Invalid SequenceNumber: {text}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_has_as_many_digits_as_clients_ask_for() {
        for number in [0, 1, 41, u64::MAX] {
            assert_eq!(sequence(number).len(), 21);
            assert_eq!(read_sequence(&sequence(number)).unwrap(), number);
        }
        for text in ["", "x", "1", "-100000000000000000001", "+100000000000000000001", &"9".repeat(50)] {
            assert!(read_sequence(text).is_err(), "{text}");
        }
    }
}

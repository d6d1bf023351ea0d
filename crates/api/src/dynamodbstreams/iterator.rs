//! Shard iterators: all a reader's place is in the text that the client carries.
//!
//! `{stream ARN}|1|{token}`, the token good for this stream alone.

use super::target;
use crate::dynamodb::error::invalid;
use crate::{ApiError, Call};
use clock::Timestamp;
use std::time::Duration;
use tables::{Position, StreamId};

/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetShardIterator.html>
const LIFETIME: Duration = Duration::from_secs(15 * 60);
const MARK: &str = "|1|";

pub(super) struct ShardIterator {
    pub stream: StreamId,
    pub shard: u32,
    pub position: Position,
}

impl ShardIterator {
    pub fn write(&self, call: &Call) -> String {
        let arn = self.stream.arn().to_string();
        // Changes are counted from 1 up.
        let position = match self.position {
            Position::Oldest => 0,
            Position::At(sequence) => sequence,
        };
        let now = call.now.as_ms().to_be_bytes();
        let payload = [&self.shard.to_be_bytes()[..], &position.to_be_bytes(), &now].concat();
        let token = call.services.access.seal_token(&arn, &payload);
        format!("{arn}{MARK}{token}")
    }

    /// Which stream the text says it is of: to be decided on before anything of it is believed.
    ///
    /// # Errors
    /// `ValidationException`.
    pub fn stream(call: &Call, text: &str) -> Result<StreamId, ApiError> {
        let (arn, _) = text.split_once(MARK).ok_or_else(wrong)?;
        target::stream(call, arn)
    }

    /// # Errors
    /// `ValidationException` for what was not written here, `ExpiredIteratorException`.
    pub fn read(call: &Call, text: &str) -> Result<Self, ApiError> {
        let stream = Self::stream(call, text)?;
        let (arn, token) = text.split_once(MARK).ok_or_else(wrong)?;
        let payload = call.services.access.open_token(arn, token).ok_or_else(wrong)?;
        let (shard, rest) = payload.split_first_chunk::<4>().ok_or_else(wrong)?;
        let (position, made) = rest.split_first_chunk::<8>().ok_or_else(wrong)?;
        let made = Timestamp::from_ms(i64::from_be_bytes(made.try_into().map_err(|_| wrong())?));
        if call.now.since(made) > LIFETIME {
            return Err(ApiError::invalid(
                "ExpiredIteratorException",
                "Iterator expired. The iterator was created more than 15 minutes ago.",
            ));
        }
        let position = match u64::from_be_bytes(*position) {
            0 => Position::Oldest,
            sequence => Position::At(sequence),
        };
        Ok(ShardIterator { stream, shard: u32::from_be_bytes(*shard), position })
    }
}

fn wrong() -> ApiError {
    invalid("Invalid ShardIterator")
}

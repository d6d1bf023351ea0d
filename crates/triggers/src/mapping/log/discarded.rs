//! Whoever is to know of records that a function could not deal with is told which they were, not what was in them
//! (<https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html>).

use super::batch::Batch;
use super::{Log, LogRecord, Work};
use crate::mapping::MappingError;
use crate::mapping::place::Lane;
use queues::{Outgoing, QueueId, QueuesError};
use serde_json::json;

pub(super) const TRIED_ENOUGH: &str = "RetryAttemptsExhausted";
pub(super) const TOO_OLD: &str = "RecordAgeExceeded";

/// As receivers are told who sent it.
const SENDER: &str = "lambda.amazonaws.com";

impl<L: Log> Work<L> {
    /// Gives up `records` of a batch.
    pub(super) async fn discard(
        &self,
        lane: &Lane,
        records: &[LogRecord],
        of: &Batch,
        condition: &str,
    ) -> Result<(), MappingError> {
        let uuid = &self.mapping.uuid;
        tracing::warn!(mapping = uuid, records = records.len(), condition, "records were given up");
        let Some(to) = &self.mapping.settings.on_failure else { return Ok(()) };
        let (Some(queue), [first, ..], [.., last]) = (QueueId::parse_arn(to), records, records) else {
            return Ok(());
        };
        if let Some(why) = self.mappings.may_not_tell(&self.mapping, &queue).await? {
            tracing::warn!(mapping = uuid, why, "nobody is told of records that were given up");
            return Ok(());
        }
        let (member, source) = L::INFO;
        let failure = of.failure.as_ref();
        let told = json!({
            "version": "1.0",
            "timestamp": self.mappings.0.clock.now().to_iso8601(),
            "requestContext": {
                "requestId": failure.map(|failure| &failure.request_id),
                "functionArn": self.mapping.function_arn,
                "condition": condition,
                "approximateInvokeCount": of.attempts,
            },
            "responseContext": failure.map(|failure| json!({
                "statusCode": 200,
                "executedVersion": failure.executed_version,
                "functionError": failure.function_error,
            })),
            member: {
                "shardId": self.log.shard_id(lane.shard).await?,
                "startSequenceNumber": first.id,
                "endSequenceNumber": last.id,
                "approximateArrivalOfFirstRecord": first.at.to_iso8601(),
                "approximateArrivalOfLastRecord": last.at.to_iso8601(),
                "batchSize": records.len(),
                source: self.mapping.source_arn,
            },
        });
        let message = Outgoing { body: told.to_string(), sender: SENDER.to_owned(), ..Outgoing::default() };
        match self.mappings.0.queues.send(&queue, message).await {
            Ok(_) => Ok(()),
            Err(QueuesError::Store(error)) => Err(error.into()),
            Err(error) => {
                tracing::warn!(mapping = uuid, %error, "nobody is told of records that were given up");
                Ok(())
            }
        }
    }
}

//! Whoever is to know of records that a function could not deal with is told which they were; buckets also what was in them
//! (<https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html>).

use super::batch::Batch;
use super::{Log, LogRecord, Work};
use crate::mapping::MappingError;
use crate::mapping::destination::Discarded;
use crate::mapping::place::Lane;
use serde_json::json;

pub(super) const TRIED_ENOUGH: &str = "RetryAttemptsExhausted";
pub(super) const TOO_OLD: &str = "RecordAgeExceeded";

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
        let (Some(to), [first, ..], [.., last]) = (&self.mapping.settings.on_failure, records, records)
        else {
            return Ok(());
        };
        let shard_id = self.log.shard_id(lane.shard).await?;
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
                "shardId": shard_id,
                "startSequenceNumber": first.id,
                "endSequenceNumber": last.id,
                "approximateArrivalOfFirstRecord": first.at.to_iso8601(),
                "approximateArrivalOfLastRecord": last.at.to_iso8601(),
                "batchSize": records.len(),
                source: self.mapping.source_arn,
            },
        });
        let events: Vec<&str> = records.iter().map(|record| record.event.as_str()).collect();
        let payload = format!("{{\"Records\":[{}]}}", events.join(","));
        let discarded = Discarded { told, payload, shard_id };
        self.mappings.tell_discarded(&self.mapping, to, discarded).await
    }
}

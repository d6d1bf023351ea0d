//! A message as functions are told of it
//! (<https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html#example-standard-queue-message-event>).

use crate::Pattern;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use queues::{AttributeValue, QueueId, Received, attributes_md5, body_md5};
use serde_json::{Map, Value, json};

/// The chain of events that a message belongs to.
pub(super) fn trace_id(one: &Received) -> Option<String> {
    match &one.trace.as_ref()?.value {
        AttributeValue::Text(text) => Some(text.clone()),
        AttributeValue::Bytes(_) => None,
    }
}

/// `handle`: the sealed receipt.
pub(super) fn of(queue: &QueueId, one: Received, handle: &str) -> Value {
    let body = String::from_utf8_lossy(&one.body).into_owned();
    let trace_id = trace_id(&one);
    let md5 = attributes_md5(one.attributes.iter().map(|(name, one)| (name.as_str(), one)));
    let mut attributes = Map::new();
    let mut put = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            attributes.insert(name.to_owned(), Value::String(value));
        }
    };
    put("ApproximateReceiveCount", Some(one.count.to_string()));
    put("SentTimestamp", Some(one.sent_ms.to_string()));
    put("SenderId", Some(one.sender));
    put("ApproximateFirstReceiveTimestamp", Some(one.first_received_ms.to_string()));
    put("SequenceNumber", one.sequence_number);
    put("MessageGroupId", one.group);
    put("MessageDeduplicationId", one.deduplication);
    put("DeadLetterQueueSourceArn", one.dead_of);
    put("AWSTraceHeader", trace_id);
    let own: Map<String, Value> = one
        .attributes
        .iter()
        .map(|(name, one)| {
            let mut told = Map::new();
            match &one.value {
                AttributeValue::Text(text) => told.insert("stringValue".to_owned(), json!(text)),
                AttributeValue::Bytes(bytes) => {
                    told.insert("binaryValue".to_owned(), json!(STANDARD.encode(bytes)))
                }
            };
            told.insert("stringListValues".to_owned(), json!([]));
            told.insert("binaryListValues".to_owned(), json!([]));
            told.insert("dataType".to_owned(), json!(one.kind));
            (name.clone(), Value::Object(told))
        })
        .collect();
    let mut event = json!({
        "messageId": one.id,
        "receiptHandle": handle,
        "md5OfBody": body_md5(&body),
        "body": body,
        "attributes": attributes,
        "messageAttributes": own,
        "eventSource": "aws:sqs",
        "eventSourceARN": queue.arn().to_string(),
        "awsRegion": queue.region.as_str(),
    });
    if let (Some(md5), Some(event)) = (md5, event.as_object_mut()) {
        event.insert("md5OfMessageAttributes".to_owned(), Value::String(md5));
    }
    event
}

/// Patterns see the message as the function does, but its body as what it says where it is JSON; one that describes the
/// inside of a body wants no other
/// (<https://docs.aws.amazon.com/lambda/latest/dg/with-sqs-filtering.html>).
pub(super) fn is_wanted(filters: &[Pattern], one: &Received) -> bool {
    if filters.is_empty() {
        return true;
    }
    let body = String::from_utf8_lossy(&one.body);
    let body = match serde_json::from_str(&body) {
        Ok(body @ Value::Object(_)) => body,
        _ => Value::String(body.into_owned()),
    };
    let own: Map<String, Value> = one
        .attributes
        .iter()
        .filter_map(|(name, one)| match &one.value {
            AttributeValue::Text(text) => {
                Some((name.clone(), json!({ "stringValue": text, "dataType": one.kind })))
            }
            AttributeValue::Bytes(_) => None,
        })
        .collect();
    let seen = json!({ "body": body, "messageAttributes": own, "messageId": one.id });
    filters.iter().any(|filter| filter.matches(&seen))
}

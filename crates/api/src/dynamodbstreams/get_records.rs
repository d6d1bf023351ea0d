use super::iterator::ShardIterator;
use super::model;
use super::target::{self, sequence};
use crate::dynamodb::description::view;
use crate::dynamodb::error::invalid;
use crate::dynamodb::reply::Document;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use aws_lc_rs::digest;
use names::Region;
use serde_json::json;
use tables::{Actor, Change, Event, StreamId, StreamView};

/// Records of a page, at most and by default.
const LIMIT: usize = 1_000;
/// Bytes of an event's id, which is written in hexadecimal.
const ID_BYTES: usize = 16;

impl Operation for model::operation::GetRecords {
    const ACTION: &'static str = "dynamodb:GetRecords";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = true;
    const HONOURED: &'static [&'static str] = &["Limit", "ShardIterator"];
    const DIRECT: bool = true;

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        ShardIterator::stream(call, &input.shard_iterator).map(|id| target::resources(&id))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let iterator = ShardIterator::read(&call, &input.shard_iterator)?;
        let ShardIterator { stream, shard, position } = iterator;
        let limit = match input.limit.map(usize::try_from) {
            None => LIMIT,
            Some(Ok(limit @ 1..=LIMIT)) => limit,
            Some(_) => return Err(invalid(format!("Limit must be from 1 to {LIMIT}"))),
        };
        let page = call.services.tables.read_stream(stream.clone(), shard, position, limit).await?;
        let mut document = Document::new();
        let out = document.member("Records");
        out.push(b'[');
        for (place, change) in page.changes.iter().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            let id = event_id(&stream, shard, change.sequence);
            out.append(&mut record(change, page.record.view, &id, &call.region));
        }
        out.push(b']');
        if let Some(position) = page.next {
            let next = ShardIterator { stream, shard, position }.write(&call);
            document.value("NextShardIterator", &json!(next));
        }
        Ok(document.into_reply())
    }
}

fn record(change: &Change, stream_view: StreamView, id: &str, region: &Region) -> Vec<u8> {
    let mut data = Document::new();
    data.value("ApproximateCreationDateTime", &json!(change.created.as_seconds()));
    data.item("Keys", change.keys.view());
    for (name, image) in [("NewImage", &change.new), ("OldImage", &change.old)] {
        if let Some(image) = image {
            data.item(name, image.view());
        }
    }
    data.value("SequenceNumber", &json!(sequence(change.sequence)));
    data.number("SizeBytes", change.size());
    data.value("StreamViewType", &json!(view(stream_view)));
    let event = match change.event {
        Event::Insert => "INSERT",
        Event::Modify => "MODIFY",
        Event::Remove => "REMOVE",
    };
    let mut record = Document::new();
    record.value("awsRegion", &json!(region.as_str()));
    record.member("dynamodb").append(&mut data.into_bytes());
    record.value("eventID", &json!(id));
    record.value("eventName", &json!(event));
    record.value("eventSource", &json!("aws:dynamodb"));
    record.value("eventVersion", &json!("1.1"));
    if change.by == Actor::Expiry {
        // <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html>
        record.value("userIdentity", &json!({ "Type": "Service", "PrincipalId": "dynamodb.amazonaws.com" }));
    }
    record.into_bytes()
}

/// The same for the same change, whoever reads it.
fn event_id(stream: &StreamId, shard: u32, sequence: u64) -> String {
    let digest = digest::digest(&digest::SHA256, format!("{} {shard} {sequence}", stream.arn()).as_bytes());
    hex::encode(digest.as_ref().get(..ID_BYTES).unwrap_or_default())
}

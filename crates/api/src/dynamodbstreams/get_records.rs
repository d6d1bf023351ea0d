use super::iterator::ShardIterator;
use super::model;
use super::target;
use crate::dynamodb::error::invalid;
use crate::dynamodb::reply::Document;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use serde_json::json;

/// Records of a page, at most and by default.
const LIMIT: usize = 1_000;

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
            tables::write_change(&stream, shard, change, page.record.view, false, out);
        }
        out.push(b']');
        if let Some(position) = page.next {
            let next = ShardIterator { stream, shard, position }.write(&call);
            document.value("NextShardIterator", &json!(next));
        }
        Ok(document.into_reply())
    }
}

use super::model;
use super::target;
use crate::dynamodb::error::invalid;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use tables::{KeyElement, KeyRole, Shard, StreamInfo, sequence_number};

/// Shards of a page, at most and by default.
const LIMIT: usize = 100;

impl Operation for model::operation::DescribeStream {
    const ACTION: &'static str = "dynamodb:DescribeStream";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["ExclusiveStartShardId", "Limit", "ShardFilter", "StreamArn"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target::stream(call, &input.stream_arn).map(|id| target::resources(&id))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let id = target::stream(&call, &input.stream_arn)?;
        let info = call.services.tables.describe_stream(id).await?;
        let number = |id: &str| {
            Shard::parse(info.record.number, id).ok_or_else(|| invalid(format!("Invalid ShardId: {id}")))
        };
        // No shard of ours has children: they stay open until the stream ends.
        let is_about_children = match &input.shard_filter {
            None => false,
            Some(filter) => {
                let parent = filter.shard_id.as_deref();
                number(parent.ok_or_else(|| invalid("ShardFilter CHILD_SHARDS needs a ShardId"))?)?;
                true
            }
        };
        let after = input.exclusive_start_shard_id.as_deref().map(number).transpose()?;
        let limit = input.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(LIMIT).min(LIMIT);
        let left = info.shards.iter().filter(|shard| after.is_none_or(|after| shard.number > after));
        let left: Vec<&Shard> = left.filter(|_| !is_about_children).collect();
        let page = left.get(..limit).unwrap_or(&left);
        let has_more = page.len() < left.len();
        let last = page.last().filter(|_| has_more).map(|shard| Shard::id(info.record.number, shard.number));
        Ok(Reply::new(model::DescribeStreamOutput { stream_description: Some(described(&info, page, last)) }))
    }
}

fn described(info: &StreamInfo, page: &[&Shard], last: Option<String>) -> model::StreamDescription {
    let record = &info.record;
    model::StreamDescription {
        stream_arn: Some(info.id.arn().to_string()),
        stream_label: Some(info.id.label.clone()),
        stream_status: Some(if record.ended.is_none() { "ENABLED" } else { "DISABLED" }.to_owned()),
        stream_view_type: Some(record.view.as_str().to_owned()),
        creation_request_date_time: Some(record.created.into()),
        table_name: Some(info.id.table.name.to_string()),
        key_schema: Some(record.key.iter().map(key).collect()),
        shards: Some(page.iter().map(|one| shard(info, one)).collect()),
        last_evaluated_shard_id: last,
    }
}

fn shard(info: &StreamInfo, shard: &Shard) -> model::Shard {
    let end = info.record.ended.map(|_| sequence_number(shard.next.saturating_sub(1).max(shard.first)));
    model::Shard {
        shard_id: Some(Shard::id(info.record.number, shard.number)),
        sequence_number_range: Some(model::SequenceNumberRange {
            starting_sequence_number: Some(sequence_number(shard.first)),
            ending_sequence_number: end,
        }),
        parent_shard_id: None,
    }
}

fn key(one: &KeyElement) -> model::KeySchemaElement {
    let role = match one.role {
        KeyRole::Partition => "HASH",
        KeyRole::Sort => "RANGE",
    };
    model::KeySchemaElement { attribute_name: one.name.clone(), key_type: role.to_owned() }
}

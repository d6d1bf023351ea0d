use super::iterator::ShardIterator;
use super::model;
use super::target::{self, read_sequence};
use crate::dynamodb::error::invalid;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use tables::StreamStart;

impl Operation for model::operation::GetShardIterator {
    const ACTION: &'static str = "dynamodb:GetShardIterator";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = true;
    const HONOURED: &'static [&'static str] =
        &["SequenceNumber", "ShardId", "ShardIteratorType", "StreamArn"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target::stream(call, &input.stream_arn).map(|id| target::resources(&id))
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let stream = target::stream(&call, &input.stream_arn)?;
        let sequence = input.sequence_number.as_deref().map(read_sequence).transpose()?;
        let start = match (input.shard_iterator_type.as_str(), sequence) {
            ("TRIM_HORIZON", None) => StreamStart::Oldest,
            ("LATEST", None) => StreamStart::Latest,
            ("AT_SEQUENCE_NUMBER", Some(sequence)) => StreamStart::At(sequence),
            ("AFTER_SEQUENCE_NUMBER", Some(sequence)) => StreamStart::After(sequence),
            (kind, None) => return Err(invalid(format!("SequenceNumber is required for the type {kind}"))),
            (kind, Some(_)) => {
                return Err(invalid(format!("SequenceNumber must not be given for the type {kind}")));
            }
        };
        let position = call.services.tables.stream_position(stream.clone(), input.shard_id, start);
        let (shard, position) = position.await?;
        let iterator = ShardIterator { stream, shard, position }.write(&call);
        Ok(Reply::new(model::GetShardIteratorOutput { shard_iterator: Some(iterator) }))
    }
}

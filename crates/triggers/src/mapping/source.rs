use super::error::invalid;
use super::{MappingError, Start};
use names::Arn;
use queues::QueueId;
use tables::StreamId;

/// What a mapping reads, by its ARN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    TableStream(StreamId),
    Queue(QueueId),
}

/// What mappings of a source may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    pub batch_size: u32,
    pub batch_size_max: u32,
    /// It is read from a place on; the other kind hands out single messages.
    pub is_log: bool,
}

impl Source {
    /// # Errors
    /// `Invalid` for what is no ARN of a source.
    pub fn parse(arn: &str) -> Result<Source, MappingError> {
        match Arn::parse(arn).map(|arn| arn.service) {
            Ok(service) if service == "dynamodb" => match StreamId::parse(arn) {
                Some(stream) => Ok(Source::TableStream(stream)),
                None => invalid(format!("Unrecognized event source: {arn} is no ARN of a table's stream.")),
            },
            Ok(service) if service == "sqs" => match QueueId::parse_arn(arn) {
                Some(queue) => Ok(Source::Queue(queue)),
                None => invalid(format!("Unrecognized event source: {arn} is no ARN of a queue.")),
            },
            Ok(service) => invalid(format!(
                "Unrecognized event source: functions are driven by queues and streams of tables, not by {service} \
                 ({arn})."
            )),
            Err(error) => invalid(format!("Unrecognized event source: {arn} is no ARN: {error}")),
        }
    }

    /// <https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html>
    pub fn bounds(&self) -> Bounds {
        match self {
            Source::TableStream(_) => Bounds { batch_size: 100, batch_size_max: 10_000, is_log: true },
            Source::Queue(queue) if queue.name.is_fifo() => {
                Bounds { batch_size: 10, batch_size_max: 10, is_log: false }
            }
            Source::Queue(_) => Bounds { batch_size: 10, batch_size_max: 10_000, is_log: false },
        }
    }

    /// What the function's role must allow on the source for it to be read.
    pub(super) fn actions(&self) -> &'static [&'static str] {
        match self {
            Source::TableStream(_) => {
                &["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"]
            }
            Source::Queue(_) => &["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
        }
    }

    /// As somebody is told whose role may not.
    pub(super) fn refusal(&self, arn: &str, action: &str, role: &str) -> String {
        match self {
            Source::TableStream(_) => format!(
                "Cannot access stream {arn}. Please ensure the role can perform the GetRecords, GetShardIterator, \
                 DescribeStream, and ListStreams Actions on your stream in IAM. (The role {role} may not perform \
                 {action}.)"
            ),
            Source::Queue(_) => {
                let name = action.strip_prefix("sqs:").unwrap_or(action);
                format!(
                    "The provided execution role does not have permissions to call {name} on SQS. (The role {role} may \
                     not do so with {arn}.)"
                )
            }
        }
    }
}

impl Start {
    /// # Errors
    /// `Invalid`.
    pub fn parse(word: &str) -> Result<Start, MappingError> {
        match word {
            "TRIM_HORIZON" => Ok(Start::Oldest),
            "LATEST" => Ok(Start::Latest),
            _ => invalid(format!("Unsupported starting position for the event source: {word}.")),
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Start::Oldest => "TRIM_HORIZON",
            Start::Latest => "LATEST",
        }
    }
}

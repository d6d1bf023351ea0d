use super::{attributes, batch, model, target};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use model::{SendMessageBatchRequestEntry, SendMessageBatchResultEntry};
use queues::{MESSAGE_BYTES_MAX, Outgoing};

impl Operation for model::operation::SendMessageBatch {
    const ACTION: &'static str = "sqs:SendMessage";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = true;
    const BODY_MAX: usize = batch::BODY_BYTES_MAX;
    const HONOURED: &'static [&'static str] = &["Entries", "QueueUrl"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target::resources(call, &input.queue_url)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let id = target::queue(&call, &input.queue_url)?;
        batch::check("SendMessageBatch", input.entries.iter().map(|entry| entry.id.as_str()))?;
        let (mut successful, mut failed) = (Vec::new(), Vec::new());
        let (mut ids, mut messages) = (Vec::new(), Vec::new());
        let sender = call.principal.user_id();
        for entry in input.entries {
            let entry_id = entry.id.clone();
            match read(&call, entry, &sender) {
                Ok((message, system_md5)) => {
                    ids.push((entry_id, system_md5));
                    messages.push(message);
                }
                Err(error) => failed.push(batch::failed(entry_id, error)),
            }
        }
        let bytes: usize = messages.iter().map(Outgoing::size).sum();
        if bytes > MESSAGE_BYTES_MAX {
            let message = format!(
                "Batch requests cannot be longer than {MESSAGE_BYTES_MAX} bytes. You have sent {bytes} bytes."
            );
            return Err(ApiError::invalid("BatchRequestTooLong", message));
        }
        let answers = call.services.queues.send_all(&id, messages).await?;
        for ((id, system_md5), answer) in ids.into_iter().zip(answers) {
            match answer {
                Ok(sent) => successful.push(SendMessageBatchResultEntry {
                    id,
                    message_id: sent.id,
                    md5_of_message_body: sent.body_md5,
                    md5_of_message_attributes: sent.attributes_md5,
                    md5_of_message_system_attributes: system_md5,
                    sequence_number: sent.sequence_number,
                }),
                Err(error) => failed.push(batch::failed(id, error.into())),
            }
        }
        Ok(Reply::new(model::SendMessageBatchResult { successful, failed }))
    }
}

/// The message, and the MD5 of its system attributes.
fn read(
    call: &Call,
    entry: SendMessageBatchRequestEntry,
    sender: &str,
) -> Result<(Outgoing, Option<String>), ApiError> {
    let trace = attributes::trace(call, entry.message_system_attributes)?;
    let message = Outgoing {
        body: entry.message_body,
        attributes: attributes::read(entry.message_attributes)?,
        trace: trace.kept,
        delay_seconds: target::natural("DelaySeconds", entry.delay_seconds)?,
        group: entry.message_group_id,
        deduplication: entry.message_deduplication_id,
        sender: sender.to_owned(),
    };
    Ok((message, trace.md5))
}

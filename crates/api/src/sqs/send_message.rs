use super::{attributes, batch, model, target};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use queues::Outgoing;

impl Operation for model::operation::SendMessage {
    const ACTION: &'static str = "sqs:SendMessage";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = true;
    const BODY_MAX: usize = batch::BODY_BYTES_MAX;
    const HONOURED: &'static [&'static str] = &[
        "DelaySeconds",
        "MessageAttributes",
        "MessageBody",
        "MessageDeduplicationId",
        "MessageGroupId",
        "MessageSystemAttributes",
        "QueueUrl",
    ];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target::resources(call, &input.queue_url)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let id = target::queue(&call, &input.queue_url)?;
        let trace = attributes::trace(&call, input.message_system_attributes)?;
        let message = Outgoing {
            body: input.message_body,
            attributes: attributes::read(input.message_attributes)?,
            trace: trace.kept,
            delay_seconds: target::natural("DelaySeconds", input.delay_seconds)?,
            group: input.message_group_id,
            deduplication: input.message_deduplication_id,
            sender: call.principal.user_id(),
        };
        let sent = call.services.queues.send(&id, message).await?;
        Ok(Reply::new(model::SendMessageResult {
            md5_of_message_body: Some(sent.body_md5),
            md5_of_message_attributes: sent.attributes_md5,
            md5_of_message_system_attributes: trace.md5,
            message_id: Some(sent.id),
            sequence_number: sent.sequence_number,
        }))
    }
}

use super::message;
use super::{model, target};
use crate::trace;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use topics::{MESSAGE_BYTES_MAX, Outgoing};

impl Operation for model::operation::PublishBatch {
    const ACTION: &'static str = "sns:Publish";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = true;
    const BODY_MAX: usize = message::BODY_BYTES_MAX;
    const HONOURED: &'static [&'static str] = &["PublishBatchRequestEntries", "TopicArn"];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target::resources(call, &input.topic_arn)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let id = target::topic(&call, &input.topic_arn)?;
        message::check_batch(input.publish_batch_request_entries.iter().map(|entry| entry.id.as_str()))?;
        let (mut successful, mut failed) = (Vec::new(), Vec::new());
        let (mut ids, mut messages) = (Vec::new(), Vec::new());
        for entry in input.publish_batch_request_entries {
            let attributes = match message::attributes(entry.message_attributes) {
                Ok(attributes) => attributes,
                Err(error) => {
                    failed.push(message::failed(entry.id, error));
                    continue;
                }
            };
            ids.push(entry.id);
            messages.push(Outgoing {
                body: entry.message,
                subject: entry.subject,
                structure: entry.message_structure,
                attributes,
                group: entry.message_group_id,
                deduplication: entry.message_deduplication_id,
                trace: trace::of_function(&call.principal, &call.headers),
            });
        }
        let bytes: usize = messages.iter().map(Outgoing::size).sum();
        if bytes > MESSAGE_BYTES_MAX {
            let message = format!(
                "The length of all the messages put together is more than the limit of {MESSAGE_BYTES_MAX} bytes"
            );
            return Err(ApiError::invalid("BatchRequestTooLong", message));
        }
        let answers = call.services.topics.publish_all(&id, messages).await?;
        for (id, answer) in ids.into_iter().zip(answers) {
            match answer {
                Ok(published) => successful.push(model::PublishBatchResultEntry {
                    id: Some(id),
                    message_id: Some(published.id),
                    sequence_number: published.sequence_number,
                }),
                Err(error) => failed.push(message::failed(id, error.into())),
            }
        }
        Ok(Reply::new(model::PublishBatchResponse { successful: Some(successful), failed: Some(failed) }))
    }
}

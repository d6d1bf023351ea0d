use super::{attributes, error, model, receipt, target};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use queues::{AttributeValue, Receive, Received, attributes_md5, body_md5};
use std::collections::BTreeMap;

/// What a message's system attributes may be asked for by.
const SYSTEM: [&str; 10] = [
    "All",
    "SenderId",
    "SentTimestamp",
    "ApproximateReceiveCount",
    "ApproximateFirstReceiveTimestamp",
    "SequenceNumber",
    "MessageDeduplicationId",
    "MessageGroupId",
    "AWSTraceHeader",
    "DeadLetterQueueSourceArn",
];

impl Operation for model::operation::ReceiveMessage {
    const ACTION: &'static str = "sqs:ReceiveMessage";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = true;
    const HONOURED: &'static [&'static str] = &[
        "AttributeNames",
        "MaxNumberOfMessages",
        "MessageAttributeNames",
        "MessageSystemAttributeNames",
        "QueueUrl",
        "ReceiveRequestAttemptId",
        "VisibilityTimeout",
        "WaitTimeSeconds",
    ];

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target::resources(call, &input.queue_url)
    }

    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let id = target::queue(&call, &input.queue_url)?;
        let mut system = input.attribute_names.unwrap_or_default();
        system.extend(input.message_system_attribute_names.unwrap_or_default());
        if let Some(unknown) = system.iter().find(|name| !SYSTEM.contains(&name.as_str())) {
            return Err(queues::QueuesError::UnknownAttribute(unknown.clone()).into());
        }
        let names = input.message_attribute_names.unwrap_or_default();
        let most = input.max_number_of_messages.unwrap_or(1);
        let most = usize::try_from(most).map_err(|_| {
            error::value(most, "MaxNumberOfMessages", "Must be between 1 and 10, if provided.")
        })?;
        let ask = Receive {
            most,
            visibility_seconds: target::natural("VisibilityTimeout", input.visibility_timeout)?,
            wait_seconds: target::natural("WaitTimeSeconds", input.wait_time_seconds)?,
            attempt: input.receive_request_attempt_id,
        };
        let received = call.services.queues.receive(&id, ask).await?;
        let messages: Result<Vec<_>, ApiError> =
            received.into_iter().map(|one| shown(&call, one, &system, &names)).collect();
        let messages = messages?;
        Ok(Reply::new(model::ReceiveMessageResult { messages: (!messages.is_empty()).then_some(messages) }))
    }
}

fn shown(
    call: &Call,
    one: Received,
    system: &[String],
    names: &[String],
) -> Result<model::Message, ApiError> {
    let body = String::from_utf8(one.body.to_vec()).map_err(ApiError::internal)?;
    let asked: Vec<_> = one.attributes.iter().filter(|(name, _)| attributes::is_asked(names, name)).collect();
    let message_attributes: BTreeMap<_, _> =
        asked.iter().map(|(name, one)| ((*name).clone(), attributes::shown(one))).collect();
    let mut of_system = of_system(&one);
    if !system.iter().any(|name| name == "All") {
        of_system.retain(|name, _| system.contains(name));
    }
    Ok(model::Message {
        message_id: Some(one.id),
        receipt_handle: Some(receipt::seal(call, &one.receipt)),
        md5_of_body: Some(body_md5(&body)),
        body: Some(body),
        attributes: (!of_system.is_empty()).then_some(of_system),
        md5_of_message_attributes: attributes_md5(asked.iter().map(|(name, one)| (name.as_str(), *one))),
        message_attributes: (!message_attributes.is_empty()).then_some(message_attributes),
    })
}

fn of_system(one: &Received) -> BTreeMap<String, String> {
    let mut shown = BTreeMap::new();
    let mut put = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            shown.insert(name.to_owned(), value);
        }
    };
    put("SenderId", Some(one.sender.clone()));
    put("SentTimestamp", Some(one.sent_ms.to_string()));
    put("ApproximateReceiveCount", Some(one.count.to_string()));
    put("ApproximateFirstReceiveTimestamp", Some(one.first_received_ms.to_string()));
    put("SequenceNumber", one.sequence_number.clone());
    put("MessageGroupId", one.group.clone());
    put("MessageDeduplicationId", one.deduplication.clone());
    put("DeadLetterQueueSourceArn", one.dead_of.clone());
    let trace = one.trace.as_ref().map(|trace| &trace.value);
    put(
        "AWSTraceHeader",
        match trace {
            Some(AttributeValue::Text(text)) => Some(text.clone()),
            Some(AttributeValue::Bytes(_)) | None => None,
        },
    );
    shown
}

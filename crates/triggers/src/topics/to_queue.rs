use super::{Outcome, TopicDeliveries, lets_in};
use access::policy::PolicyDocument;
use kv::Transaction;
use queues::{Attribute, AttributeValue, Attributes, Outgoing, QueueId, QueuesError};
use topics::{TopicsError, Wanted, notification};

/// As receivers are told who sent it.
pub(super) const SENDER: &str = "sns.amazonaws.com";

/// Sends the message, if the queue's policy lets SNS do so for the topic at this moment.
///
/// # Errors
/// The store fails.
pub(super) async fn deliver(
    this: &TopicDeliveries,
    tx: &mut Transaction,
    wanted: &Wanted,
) -> Result<Outcome, TopicsError> {
    let record = &wanted.subscription.record;
    let Some(queue) = QueueId::parse_arn(&record.endpoint) else {
        return Ok(Outcome::Refused(format!("{} is no queue", record.endpoint)));
    };
    send(this, tx, &queue, &outgoing(wanted, queue.name.is_fifo()), wanted).await
}

/// # Errors
/// The store fails.
pub(super) async fn send(
    this: &TopicDeliveries,
    tx: &mut Transaction,
    queue: &QueueId,
    message: &Outgoing,
    wanted: &Wanted,
) -> Result<Outcome, TopicsError> {
    let topic = &wanted.subscription.record.topic;
    let may = |policy: &PolicyDocument| {
        lets_in(policy, (SENDER, "sqs:SendMessage"), &queue.arn(), &topic.arn(), &topic.account)
    };
    match this.queues.send_within(tx, queue, may, message).await {
        Ok(Some(_)) => Ok(Outcome::Delivered),
        Ok(None) => Ok(Outcome::Refused(
            "the queue does not exist, or its policy does not let the topic send to it".to_owned(),
        )),
        Err(QueuesError::Store(error)) => Err(error.into()),
        Err(error) => Ok(Outcome::Refused(error.to_string())),
    }
}

/// The message alone where that was asked for, with its attributes; else the document that tells of it.
pub(super) fn outgoing(wanted: &Wanted, is_fifo: bool) -> Outgoing {
    let (message, record) = (&wanted.message, &wanted.subscription.record);
    let (body, attributes) = match record.is_raw() {
        true => (message.body_for(record.protocol).to_owned(), attributes(wanted)),
        false => (serde_json::Value::Object(notification(message, record)).to_string(), Attributes::new()),
    };
    Outgoing {
        body,
        attributes,
        trace: message.trace.clone().map(text),
        delay_seconds: None,
        group: message.group.clone(),
        deduplication: message.deduplication.clone().filter(|_| is_fifo),
        sender: SENDER.to_owned(),
    }
}

fn attributes(wanted: &Wanted) -> Attributes {
    let of_topic = wanted.message.attributes.iter();
    let of_queue = of_topic.map(|(name, topics::Attribute { kind, value })| {
        let value = match value {
            topics::AttributeValue::Text(text) => AttributeValue::Text(text.clone()),
            topics::AttributeValue::Bytes(bytes) => AttributeValue::Bytes(bytes.clone()),
        };
        (name.clone(), Attribute { kind: kind.clone(), value })
    });
    of_queue.collect()
}

fn text(text: String) -> Attribute {
    Attribute { kind: "String".to_owned(), value: AttributeValue::Text(text) }
}

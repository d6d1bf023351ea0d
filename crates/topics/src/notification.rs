use crate::{Message, SubscriptionRecord, attribute};
use clock::Timestamp;
use serde_json::{Map, Value};

/// The document that an endpoint gets which did not ask for the message alone
/// (<https://docs.aws.amazon.com/sns/latest/dg/http-notification-json.html>).
pub fn notification(message: &Message, to: &SubscriptionRecord) -> Map<String, Value> {
    let mut document = Map::new();
    let mut put = |name: &str, value: Value| document.insert(name.to_owned(), value);
    put("Type", "Notification".into());
    put("MessageId", message.id.as_str().into());
    if to.topic.name.is_fifo() {
        put("SequenceNumber", message.sequence_number().into());
    }
    put("TopicArn", to.topic.arn().to_string().into());
    if let Some(subject) = &message.subject {
        put("Subject", subject.as_str().into());
    }
    put("Message", message.body_for(to.protocol).into());
    put("Timestamp", timestamp(message.at).into());
    put("UnsubscribeURL", unsubscribe_url(to).into());
    if !message.attributes.is_empty() {
        put("MessageAttributes", attribute::shown(&message.attributes));
    }
    document
}

fn timestamp(ms: u64) -> String {
    Timestamp::from_ms(i64::try_from(ms).unwrap_or(i64::MAX)).to_iso8601()
}

fn unsubscribe_url(to: &SubscriptionRecord) -> String {
    format!("{}/?Action=Unsubscribe&SubscriptionArn={}", to.address, to.subscription_id().arn())
}

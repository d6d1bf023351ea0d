use functions::{DeadLetter, FollowUp};
use serde_json::Value;

/// As receivers are told who sent it.
const SENDER: &str = "lambda.amazonaws.com";

/// What is sent: a record of an outcome, or a dead letter, which has attributes.
pub(super) struct Letter<'a> {
    pub body: String,
    /// Names, types and values.
    attributes: Vec<(&'static str, &'static str, String)>,
    trace: Option<&'a str>,
}

impl Letter<'_> {
    pub fn new<'a>(follow_up: &'a FollowUp, text: &[u8]) -> Letter<'a> {
        let mut attributes = Vec::new();
        if let Some(DeadLetter { request_id, code, message }) = &follow_up.dead_letter {
            attributes.push(("RequestID", "String", request_id.clone()));
            attributes.push(("ErrorCode", "Number", code.to_string()));
            attributes.extend(sendable(message).map(|message| ("ErrorMessage", "String", message)));
        }
        let body = body(&String::from_utf8_lossy(text));
        Letter { body, attributes, trace: follow_up.trace_id.as_deref() }
    }

    pub fn to_queue(&self) -> queues::Outgoing {
        use queues::{Attribute, AttributeValue, Outgoing};
        let attribute = |kind: &str, text: &str| Attribute {
            kind: kind.to_owned(),
            value: AttributeValue::Text(text.to_owned()),
        };
        let attributes = self.attributes.iter();
        Outgoing {
            body: self.body.clone(),
            attributes: attributes
                .map(|(name, kind, text)| ((*name).to_owned(), attribute(kind, text)))
                .collect(),
            trace: self.trace.map(|trace| attribute("String", trace)),
            sender: SENDER.to_owned(),
            ..Outgoing::default()
        }
    }

    pub fn to_topic(&self) -> ::topics::Outgoing {
        use ::topics::{Attribute, AttributeValue, Outgoing};
        let attribute = |kind: &str, text: &str| Attribute {
            kind: kind.to_owned(),
            value: AttributeValue::Text(text.to_owned()),
        };
        let attributes = self.attributes.iter();
        Outgoing {
            body: self.body.clone(),
            attributes: attributes
                .map(|(name, kind, text)| ((*name).to_owned(), attribute(kind, text)))
                .collect(),
            trace: self.trace.map(str::to_owned),
            ..Outgoing::default()
        }
    }
}

/// The two characters of JSON that messages may not have, as JSON writes them otherwise. They stand only in texts.
fn body(json: &str) -> String {
    json.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff")
}

/// What a function says of its errors may be anything; a message's attribute is neither empty nor has characters that
/// XML has not.
fn sendable(message: &str) -> Option<String> {
    let fits = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
    let message: String = message.chars().map(|c| if fits(c) { c } else { '\u{fffd}' }).collect();
    (!message.is_empty()).then_some(message)
}

/// A record of an outcome without what it was about; `None` for what is none, or has nothing to leave out.
pub(super) fn without_payloads(record: &str) -> Option<String> {
    let Ok(Value::Object(mut record)) = serde_json::from_str(record) else { return None };
    if !record.contains_key("requestContext") {
        return None;
    }
    let mut shorter = false;
    for member in ["requestPayload", "responsePayload"] {
        if let Some(payload) = record.get_mut(member).filter(|payload| !payload.is_null()) {
            *payload = Value::Null;
            shorter = true;
        }
    }
    shorter.then(|| Value::Object(record).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_are_left_out_of_records_alone() {
        let record = r#"{"requestContext":{"a":1},"requestPayload":"long","responsePayload":{"b":2}}"#;
        let short = r#"{"requestContext":{"a":1},"requestPayload":null,"responsePayload":null}"#;
        assert_eq!(without_payloads(record).as_deref(), Some(short));
        assert_eq!(without_payloads(short), None);
        assert_eq!(without_payloads(r#"{"requestPayload":1}"#), None);
        assert_eq!(without_payloads("[1]"), None);
    }

    #[test]
    fn what_messages_may_not_have_is_escaped() {
        let event = "[\"a\u{ffff}b\u{fffe}ü\"]";
        let body = body(event);
        assert_eq!(body, "[\"a\\uffffb\\ufffeü\"]");
        let [sent, read] = [event, &body].map(|json| serde_json::from_str::<Value>(json).unwrap());
        assert_eq!(sent, read);
    }

    #[test]
    fn an_errors_message_becomes_one_that_can_be_sent() {
        assert_eq!(sendable("a\u{0}b\nc").as_deref(), Some("a\u{fffd}b\nc"));
        assert_eq!(sendable(""), None);
    }
}

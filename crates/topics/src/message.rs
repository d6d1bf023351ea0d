use crate::attribute::{self, Attributes};
use crate::settings::Settings;
use crate::{Protocol, TopicsError};
use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Bytes of a message with its attributes, and of a batch: 256 KiB.
pub const MESSAGE_BYTES_MAX: usize = 256 * 1024;
const SUBJECT_CHARS_MAX: usize = 100;
const ID_LEN_MAX: usize = 128;

/// A message to be published.
#[derive(Debug, Clone, Default)]
pub struct Outgoing {
    pub body: String,
    pub subject: Option<String>,
    /// `json`: the body is an object with a text for each protocol.
    pub structure: Option<String>,
    pub attributes: Attributes,
    pub group: Option<String>,
    pub deduplication: Option<String>,
    /// Carried along as `AWSTraceHeader`.
    pub trace: Option<String>,
}

impl Outgoing {
    /// Bytes that count: the body's, and the attributes' names, types and values.
    pub fn size(&self) -> usize {
        self.body.len() + attribute::size(&self.attributes)
    }
}

/// A message that was published.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Message {
    pub id: String,
    pub body: String,
    /// What some protocols are told instead, by their names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub bodies: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deduplication: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
    /// Its place in its topic.
    pub sequence: u64,
    /// When it was published, in milliseconds.
    pub at: u64,
}

impl kv::Record for Message {
    const KIND: &'static str = "message of a topic";
    const VERSION: u8 = 1;
}

impl Message {
    /// What an endpoint of the protocol is told.
    pub fn body_for(&self, protocol: Protocol) -> &str {
        self.bodies.get(protocol.as_str()).unwrap_or(&self.body)
    }

    /// As receivers see it: 20 digits that grow.
    pub fn sequence_number(&self) -> String {
        sequence_number(self.sequence)
    }
}

pub(crate) fn sequence_number(sequence: u64) -> String {
    const FIRST: u128 = 10_000_000_000_000_000_000;
    (FIRST + u128::from(sequence) * 1000).to_string()
}

/// Checks a message for a topic, and reads it.
///
/// # Errors
/// `InvalidParameter`, `InvalidValue`.
pub(crate) fn read(settings: &Settings, outgoing: &Outgoing) -> Result<Message, TopicsError> {
    if outgoing.body.is_empty() {
        return Err(TopicsError::invalid("Empty message"));
    }
    if outgoing.size() > MESSAGE_BYTES_MAX {
        return Err(TopicsError::invalid("Message too long"));
    }
    if let Some(subject) = &outgoing.subject {
        let chars = subject.chars().count();
        if chars == 0 || chars > SUBJECT_CHARS_MAX || subject.chars().any(char::is_control) {
            return Err(TopicsError::invalid("Subject"));
        }
    }
    attribute::check(&outgoing.attributes)?;
    let (body, bodies) = match outgoing.structure.as_deref() {
        None | Some("") => (outgoing.body.clone(), BTreeMap::new()),
        Some("json") => structured(&outgoing.body)?,
        Some(_) => return Err(TopicsError::invalid("MessageStructure")),
    };
    Ok(Message {
        id: String::new(),
        body,
        bodies,
        subject: outgoing.subject.clone(),
        attributes: outgoing.attributes.clone(),
        group: group(settings, outgoing)?,
        deduplication: deduplication(settings, outgoing)?,
        trace: outgoing.trace.clone(),
        sequence: 0,
        at: 0,
    })
}

/// The text for everybody, and those for single protocols.
fn structured(body: &str) -> Result<(String, BTreeMap<String, String>), TopicsError> {
    let wrong = |why: &str| TopicsError::invalid(format!("Message Structure - {why}"));
    let value: Value = serde_json::from_str(body).map_err(|_| wrong("JSON message body failed to parse"))?;
    let members = value.as_object().ok_or_else(|| wrong("JSON message body failed to parse"))?;
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    let default = text("default").ok_or_else(|| wrong("No default entry in JSON message body"))?;
    // What is no text, and what is of no protocol that is here, is nobody's.
    let bodies = [Protocol::Sqs, Protocol::Lambda].into_iter().filter_map(|protocol| {
        let name = protocol.as_str();
        Some((name.to_owned(), text(name)?.to_owned()))
    });
    Ok((default.to_owned(), bodies.collect()))
}

fn group(settings: &Settings, outgoing: &Outgoing) -> Result<Option<String>, TopicsError> {
    match &outgoing.group {
        None if settings.is_fifo => {
            Err(TopicsError::invalid("The MessageGroupId parameter is required for FIFO topics"))
        }
        None => Ok(None),
        Some(group) => check_id("MessageGroupId", group).map(|()| Some(group.clone())),
    }
}

fn deduplication(settings: &Settings, outgoing: &Outgoing) -> Result<Option<String>, TopicsError> {
    match (&outgoing.deduplication, settings.is_fifo) {
        (None, false) => Ok(None),
        (Some(_), false) => Err(TopicsError::reason(
            "MessageDeduplicationId",
            "The request includes MessageDeduplicationId parameter that is not valid for this topic type",
        )),
        (Some(id), true) => check_id("MessageDeduplicationId", id).map(|()| Some(id.clone())),
        (None, true) if settings.deduplicates_by_content => {
            Ok(Some(hex::encode(digest::digest(&digest::SHA256, outgoing.body.as_bytes()))))
        }
        (None, true) => Err(TopicsError::invalid(
            "The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided \
             explicitly",
        )),
    }
}

/// Letters, digits and punctuation, 1 to 128 of them.
fn check_id(name: &str, given: &str) -> Result<(), TopicsError> {
    if (1..=ID_LEN_MAX).contains(&given.len()) && given.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    Err(TopicsError::reason(
        name,
        format!("{name} can only include alphanumeric and punctuation characters. 1 to 128 in length"),
    ))
}

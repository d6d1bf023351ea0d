//! A queue's attributes, as callers write and read them.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html>

use crate::{QueueName, QueuesError, Redrive, RedriveAllow};
use access::policy::{PolicyDocument, PolicyKind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Bytes of a message, and of a batch: 1 MiB.
pub const MESSAGE_BYTES_MAX: usize = 1024 * 1024;
/// Seconds that a message may stay invisible after it was received: 12 hours.
pub const VISIBILITY_SECONDS_MAX: u32 = 43_200;
pub const DELAY_SECONDS_MAX: u32 = 900;
pub const WAIT_SECONDS_MAX: u32 = 20;
const POLICY_BYTES_MAX: usize = 8192;

type Given = BTreeMap<String, String>;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    pub delay_seconds: u32,
    pub message_bytes_max: u32,
    pub retention_seconds: u32,
    pub wait_seconds: u32,
    pub visibility_seconds: u32,
    /// As it was given.
    pub policy: Option<String>,
    pub redrive: Option<Redrive>,
    pub redrive_allow: Option<RedriveAllow>,
    pub is_fifo: bool,
    pub deduplicates_by_content: bool,
    /// Deduplication ids are told apart by message groups.
    pub deduplicates_by_group: bool,
    /// The throughput's limit is each group's. Nothing here limits either.
    pub limit_by_group: bool,
    pub is_sealed: bool,
}

impl Settings {
    /// # Errors
    /// `UnknownAttribute`, `InvalidAttribute`, `InvalidParameter`, `NotHonoured`.
    pub fn new(name: &QueueName, given: &Given) -> Result<Settings, QueuesError> {
        let is_fifo = match given.get("FifoQueue").map(String::as_str) {
            None => false,
            Some("true") => true,
            Some(_) => return Err(invalid("FifoQueue")),
        };
        if is_fifo != name.is_fifo() {
            return Err(QueuesError::InvalidParameter(
                match is_fifo {
                    true => {
                        "The name of a FIFO queue can only include alphanumeric characters, hyphens, or \
                             underscores, must end with .fifo suffix and be 1 to 80 in length"
                    }
                    false => {
                        "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
                    }
                }
                .to_owned(),
            ));
        }
        let mut settings = Settings {
            delay_seconds: 0,
            message_bytes_max: MESSAGE_BYTES_MAX as u32,
            retention_seconds: 345_600,
            wait_seconds: 0,
            visibility_seconds: 30,
            policy: None,
            redrive: None,
            redrive_allow: None,
            is_fifo,
            deduplicates_by_content: false,
            deduplicates_by_group: false,
            limit_by_group: false,
            is_sealed: true,
        };
        let mut rest = given.clone();
        rest.remove("FifoQueue");
        settings.change(&rest)?;
        Ok(settings)
    }

    /// All or nothing: what was given is to be thrown away after an error.
    ///
    /// # Errors
    /// As [`Settings::new`].
    pub fn change(&mut self, given: &Given) -> Result<(), QueuesError> {
        for (name, value) in given {
            match name.as_str() {
                "DelaySeconds" => self.delay_seconds = number(name, value, 0, DELAY_SECONDS_MAX)?,
                "MaximumMessageSize" => {
                    self.message_bytes_max = number(name, value, 1024, MESSAGE_BYTES_MAX as u32)?;
                }
                "MessageRetentionPeriod" => self.retention_seconds = number(name, value, 60, 1_209_600)?,
                "ReceiveMessageWaitTimeSeconds" => {
                    self.wait_seconds = number(name, value, 0, WAIT_SECONDS_MAX)?;
                }
                "VisibilityTimeout" => {
                    self.visibility_seconds = number(name, value, 0, VISIBILITY_SECONDS_MAX)?;
                }
                "Policy" => self.policy = policy(value)?,
                "RedrivePolicy" => self.redrive = Redrive::parse(value)?,
                "RedriveAllowPolicy" => self.redrive_allow = RedriveAllow::parse(value)?,
                "ContentBasedDeduplication" => {
                    self.only_fifo(name)?;
                    self.deduplicates_by_content = truth(name, value)?;
                }
                "DeduplicationScope" => {
                    self.only_fifo(name)?;
                    self.deduplicates_by_group = either(name, value, "queue", "messageGroup")?;
                }
                "FifoThroughputLimit" => {
                    self.only_fifo(name)?;
                    self.limit_by_group = either(name, value, "perQueue", "perMessageGroupId")?;
                }
                "SqsManagedSseEnabled" => self.is_sealed = truth(name, value)?,
                "KmsMasterKeyId" if value.is_empty() => {}
                "KmsMasterKeyId" => return Err(no_keys("KmsMasterKeyId")),
                "KmsDataKeyReusePeriodSeconds" => return Err(no_keys("KmsDataKeyReusePeriodSeconds")),
                "FifoQueue" if (value == "true") == self.is_fifo => {}
                "FifoQueue" => return Err(invalid(name)),
                _ => return Err(QueuesError::UnknownAttribute(name.clone())),
            }
        }
        if self.limit_by_group && !self.deduplicates_by_group {
            return Err(QueuesError::InvalidAttribute(
                "Invalid value for the parameter FifoThroughputLimit. Reason: perMessageGroupId is allowed only \
                 when the value for DeduplicationScope is messageGroup."
                    .to_owned(),
            ));
        }
        Ok(())
    }

    /// Those that callers may write, as they read them.
    pub fn shown(&self) -> Given {
        let mut shown = Given::new();
        let mut put = |name: &str, value: String| shown.insert(name.to_owned(), value);
        put("DelaySeconds", self.delay_seconds.to_string());
        put("MaximumMessageSize", self.message_bytes_max.to_string());
        put("MessageRetentionPeriod", self.retention_seconds.to_string());
        put("ReceiveMessageWaitTimeSeconds", self.wait_seconds.to_string());
        put("VisibilityTimeout", self.visibility_seconds.to_string());
        put("SqsManagedSseEnabled", self.is_sealed.to_string());
        if let Some(policy) = &self.policy {
            put("Policy", policy.clone());
        }
        if let Some(redrive) = &self.redrive {
            put("RedrivePolicy", redrive.text());
        }
        if let Some(allow) = &self.redrive_allow {
            put("RedriveAllowPolicy", allow.text());
        }
        if self.is_fifo {
            let scope = if self.deduplicates_by_group { "messageGroup" } else { "queue" };
            let limit = if self.limit_by_group { "perMessageGroupId" } else { "perQueue" };
            put("FifoQueue", "true".to_owned());
            put("ContentBasedDeduplication", self.deduplicates_by_content.to_string());
            put("DeduplicationScope", scope.to_owned());
            put("FifoThroughputLimit", limit.to_owned());
        }
        shown
    }

    fn only_fifo(&self, name: &str) -> Result<(), QueuesError> {
        if self.is_fifo {
            return Ok(());
        }
        Err(QueuesError::UnknownAttribute(name.to_owned()))
    }
}

fn invalid(name: &str) -> QueuesError {
    QueuesError::InvalidAttribute(format!("Invalid value for the parameter {name}."))
}

fn no_keys(name: &'static str) -> QueuesError {
    QueuesError::NotHonoured(name, "there is no service that keeps keys")
}

fn number(name: &str, value: &str, min: u32, max: u32) -> Result<u32, QueuesError> {
    let read = value.parse().ok().filter(|number| (min..=max).contains(number));
    read.ok_or_else(|| invalid(name))
}

fn truth(name: &str, value: &str) -> Result<bool, QueuesError> {
    value.to_ascii_lowercase().parse().map_err(|_| invalid(name))
}

fn either(name: &str, value: &str, no: &str, yes: &str) -> Result<bool, QueuesError> {
    match value {
        value if value == no => Ok(false),
        value if value == yes => Ok(true),
        _ => Err(invalid(name)),
    }
}

fn policy(text: &str) -> Result<Option<String>, QueuesError> {
    if text.is_empty() {
        return Ok(None);
    }
    if text.len() > POLICY_BYTES_MAX {
        return Err(QueuesError::OverLimit(format!("Policy is longer than {POLICY_BYTES_MAX} bytes.")));
    }
    read_policy(text)?;
    Ok(Some(text.to_owned()))
}

/// # Errors
/// `InvalidAttribute`.
pub(crate) fn read_policy(text: &str) -> Result<PolicyDocument, QueuesError> {
    PolicyDocument::parse(text, PolicyKind::Resource).map_err(|error| {
        QueuesError::InvalidAttribute(format!("Invalid value for the parameter Policy. {}", error.message()))
    })
}

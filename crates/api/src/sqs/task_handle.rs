//! What clients call a move of messages by.

use super::target;
use crate::{ApiError, Call};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use queues::QueueId;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Handle {
    task_id: String,
    source_arn: String,
}

pub(super) fn write(source: &QueueId, id: &str) -> Result<String, ApiError> {
    let handle = Handle { task_id: id.to_owned(), source_arn: source.arn().to_string() };
    Ok(STANDARD.encode(serde_json::to_vec(&handle).map_err(ApiError::internal)?))
}

/// # Errors
/// It is none.
pub(super) fn read(call: &Call, text: &str) -> Result<(QueueId, String), ApiError> {
    let bytes = STANDARD.decode(text).ok();
    let handle = bytes.and_then(|bytes| serde_json::from_slice::<Handle>(&bytes).ok());
    let handle = handle.ok_or_else(|| super::error::value(text, "TaskHandle", "It is no task's handle."))?;
    Ok((target::by_arn(call, "TaskHandle", &handle.source_arn)?, handle.task_id))
}

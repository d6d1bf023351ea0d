//! The headers of frames.

use crate::api::Invocation;
use serde::{Deserialize, Serialize};

#[derive(Serialize)]
pub(super) struct Specialise<'a> {
    /// The whole environment, sorted by name.
    pub env: &'a [(String, String)],
}

#[derive(Serialize)]
pub(super) struct Invoke<'a> {
    id: &'a str,
    deadline_ms: i64,
    arn: &'a str,
    trace: &'a str,
    /// JSON text.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_context: Option<&'a str>,
    /// JSON text.
    #[serde(skip_serializing_if = "Option::is_none")]
    cognito_identity: Option<&'a str>,
}

impl<'a> Invoke<'a> {
    pub fn of(invocation: &'a Invocation) -> Self {
        Invoke {
            id: &invocation.request_id,
            deadline_ms: invocation.deadline.as_ms(),
            arn: &invocation.invoked_arn,
            trace: &invocation.trace_id,
            client_context: invocation.client_context.as_deref(),
            cognito_identity: invocation.cognito_identity.as_deref(),
        }
    }
}

/// What a process may say. Anything may be missing or wrong: it is hostile.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Said {
    /// The invocation that it speaks of.
    pub id: String,
    pub content_type: Option<String>,
    /// `Runtime.…` or `Function.…`.
    pub error_type: Option<String>,
    /// The packages of the runtime pack that loading the code has loaded.
    pub packages: Vec<String>,
}

impl Said {
    pub fn read(header: &[u8]) -> Said {
        if header.is_empty() { Said::default() } else { serde_json::from_slice(header).unwrap_or_default() }
    }
}

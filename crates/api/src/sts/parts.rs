//! What STS's operations have in common.

use super::model;
use crate::{ApiError, Call};
use access::policy::Context;
use access::{Resource, SessionCredentials, SessionPolicies};
use names::Arn;
use protocol::Timestamp;

/// The caller's own account: what operations act on that are about nothing but the caller.
///
/// # Errors
/// None in fact: an account's id makes an ARN.
pub(super) fn caller(call: &Call) -> Result<Vec<Resource>, ApiError> {
    let arn = Arn::parse(&format!("arn:aws:sts::{}:caller", call.account)).map_err(ApiError::internal)?;
    Ok(vec![Resource::new(arn)])
}

/// What is known of a request but for who asks and what for.
pub(super) fn context(call: &Call) -> Context {
    let mut context = Context::new();
    context.set("aws:CurrentTime", call.now.to_iso8601());
    context.set("aws:EpochTime", call.now.as_seconds().to_string());
    context.set("aws:SourceIp", call.source_ip.to_string());
    context.set("aws:SecureTransport", "false");
    context.set("aws:RequestedRegion", call.region.to_string());
    if !call.user_agent.is_empty() {
        context.set("aws:UserAgent", &call.user_agent);
    }
    context
}

pub(super) fn credentials(made: &SessionCredentials) -> model::Credentials {
    model::Credentials {
        access_key_id: made.access_key_id.clone(),
        secret_access_key: made.secret_access_key.expose().to_owned().into(),
        session_token: made.session_token.expose().to_owned(),
        expiration: Timestamp(made.expires),
    }
}

/// Told where policies or tags were given.
pub(super) fn packed(made: &SessionCredentials, has_any: bool) -> Option<i32> {
    has_any.then(|| i32::try_from(made.packed_percent).unwrap_or(i32::MAX))
}

pub(super) fn policies(
    inline: Option<String>,
    managed: Option<Vec<model::PolicyDescriptorType>>,
) -> SessionPolicies {
    let managed = managed.unwrap_or_default().into_iter().filter_map(|policy| policy.arn).collect();
    SessionPolicies { inline, managed }
}

pub(super) fn tags(tags: Option<Vec<model::Tag>>) -> Vec<(String, String)> {
    tags.unwrap_or_default().into_iter().map(|model::Tag { key, value }| (key, value)).collect()
}

/// The model has checked that it is 900 or more.
pub(super) fn seconds(given: Option<i32>) -> Option<u32> {
    given.and_then(|seconds| u32::try_from(seconds).ok())
}

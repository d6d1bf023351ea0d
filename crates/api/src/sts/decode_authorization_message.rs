use super::model;
use super::parts::caller;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use audit::Record;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

/// Looks into the audit log at once: each may read a file of 64 MiB.
static LOOKS: Semaphore = Semaphore::const_new(2);

impl Operation for model::operation::DecodeAuthorizationMessage {
    const ACTION: &'static str = "sts:DecodeAuthorizationMessage";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &["EncodedMessage"];

    async fn resources(call: &Call, _: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        caller(call)
    }

    /// A denial of another account's principal is as unknown as one that never was.
    async fn call(call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let denial = call.services.access.open_denial(input.encoded_message.trim());
        let denial = denial.filter(|denial| denial.account == call.account).ok_or_else(|| {
            invalid("The message is no encoded authorization failure message of this account.")
        })?;
        let place = LOOKS.acquire().await.map_err(ApiError::internal)?;
        let reader = call.services.audit.reader();
        let found = tokio::task::spawn_blocking(move || reader.find(&denial.event_uuid(), Some(denial.at)));
        let found = found.await.map_err(ApiError::internal)?.map_err(ApiError::internal)?;
        drop(place);
        let line = found
            .ok_or_else(|| invalid("The audit log does not hold the record of this message any more."))?;
        let record: Record<'_> = serde_json::from_str(&line).map_err(ApiError::internal)?;
        let decoded_message = Some(decoded(&record).to_string());
        Ok(Reply::new(model::DecodeAuthorizationMessageResponse { decoded_message }))
    }
}

fn invalid(message: &str) -> ApiError {
    ApiError::invalid("InvalidAuthorizationMessageException", message)
}

/// In the form of AWS's decoded messages, with two members of ours at the end.
///
/// <https://docs.aws.amazon.com/cli/latest/reference/sts/decode-authorization-message.html>
fn decoded(record: &Record<'_>) -> Value {
    let denial = record.zerun.denial.clone().unwrap_or_default();
    let who = &record.user_identity;
    let matched = denial.statement.iter().map(|statement| {
        json!({
            "statementId": statement.sid.as_deref().unwrap_or_default(),
            "effect": "DENY",
            "policy": statement.policy,
            "statement": statement.number,
        })
    });
    let conditions = denial.context.iter().map(|(key, values)| {
        let values: Vec<_> = values.iter().map(|value| json!({ "value": value })).collect();
        json!({ "key": key, "values": { "items": values } })
    });
    json!({
        "allowed": false,
        "explicitDeny": denial.explicit,
        "matchedStatements": { "items": matched.collect::<Vec<_>>() },
        "failures": { "items": [] },
        "context": {
            "principal": { "id": who.principal_id, "arn": who.arn },
            "action": denial.action,
            "resource": denial.resource.as_deref().unwrap_or("*"),
            "conditions": { "items": conditions.collect::<Vec<_>>() },
        },
        "missing": if denial.explicit { None } else { denial.layer },
        "smallestStatement": denial.smallest_statement,
    })
}

use crate::api::Invocation;

/// What the Runtime API tells beside an event
/// (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html#runtimes-api-next>).
pub(super) fn facts(invocation: &Invocation) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("lambda-runtime-aws-request-id", invocation.request_id.clone()),
        ("lambda-runtime-deadline-ms", invocation.deadline.as_ms().to_string()),
        ("lambda-runtime-invoked-function-arn", invocation.invoked_arn.clone()),
        (TRACE_ID, invocation.trace_id.clone()),
    ];
    let optional = [
        ("lambda-runtime-client-context", &invocation.client_context),
        ("lambda-runtime-cognito-identity", &invocation.cognito_identity),
    ];
    facts.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))));
    facts
}

const TRACE_ID: &str = "lambda-runtime-trace-id";

/// The same, as variables of a command.
pub fn variables(invocation: &Invocation) -> Vec<(String, String)> {
    let name = |name: &str| match name {
        TRACE_ID => "_X_AMZN_TRACE_ID".to_owned(),
        other => other.to_ascii_uppercase().replace('-', "_"),
    };
    facts(invocation).into_iter().map(|(fact, value)| (name(fact), value)).collect()
}

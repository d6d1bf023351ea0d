use super::error::invalid;
use super::invocation::{invocation, with_log};
use super::model;
use super::target::target;
use crate::trace::TRACE_HEADER;
use crate::{AccessLevel, ApiError, Call, Operation, Reply, ReplyBody};
use access::Resource;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use functions::{AsyncEvent, Invocation, PAYLOAD_BYTES_MAX};
use http::header::CONTENT_TYPE;
use http::{HeaderName, StatusCode};
use pool::Outcome;

impl Operation for model::operation::Invoke {
    const ACTION: &'static str = "lambda:InvokeFunction";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = true;
    const HONOURED: &'static [&'static str] =
        &["FunctionName", "InvocationType", "LogType", "ClientContext", "Qualifier"];
    const BODY_MAX: usize = PAYLOAD_BYTES_MAX;

    async fn resources(call: &Call, input: &Self::Input) -> Result<Vec<Resource>, ApiError> {
        target(call, &input.function_name, input.qualifier.as_deref()).map(|target| target.resources())
    }

    async fn call(mut call: Call, input: Self::Input) -> Result<Reply<Self::Output>, ApiError> {
        let target = target(&call, &input.function_name, input.qualifier.as_deref())?;
        let invocation =
            invocation(&mut call, target, input.client_context.as_deref(), input.log_type.as_deref()).await?;
        let functions = &call.services.functions;
        match input.invocation_type.as_deref() {
            None | Some("RequestResponse") => {
                let trace = invocation.trace_id.clone().unwrap_or_default();
                let outcome = functions.invoke(invocation).await?;
                let reply = answer(outcome, with_log(input.log_type.as_deref()));
                Ok(reply.with_header(HeaderName::from_static(TRACE_HEADER), &trace))
            }
            Some("Event") => {
                let Invocation { id, qualifier, request_id, payload, client_context, trace_id, until_end: _ } =
                    invocation;
                let event =
                    AsyncEvent { request_id, id, qualifier, payload, client_context, trace_id, order: None };
                Box::pin(functions.invoke_async(event)).await?;
                Ok(status(StatusCode::ACCEPTED))
            }
            Some("DryRun") => {
                Box::pin(functions.invoke_dry(invocation.id, invocation.qualifier)).await?;
                Ok(status(StatusCode::NO_CONTENT))
            }
            Some(other) => Err(invalid(format!("InvocationType {other:?} is unknown"))),
        }
    }
}

fn status(status: StatusCode) -> Reply<model::InvocationResponse> {
    Reply::new(model::InvocationResponse::default()).with_status(status)
}

fn answer(outcome: Outcome, tail: bool) -> Reply<model::InvocationResponse> {
    let content_type = outcome.content_type;
    let log_result = tail.then(|| STANDARD.encode(&outcome.log_tail));
    Reply::new(model::InvocationResponse {
        function_error: outcome.function_error.map(|error| error.as_str().to_owned()),
        log_result,
        executed_version: Some(outcome.executed_version),
        ..model::InvocationResponse::default()
    })
    .with_body(ReplyBody::Bytes(outcome.payload))
    .with_header(CONTENT_TYPE, &content_type)
}

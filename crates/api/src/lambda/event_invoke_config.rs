//! Between Lambda's shapes for asynchronous invocation settings and the service's.

use super::configuration::{small, unsigned};
use super::error::invalid;
use super::target::Target;
use super::{destinations, model};
use crate::{ApiError, Call, Reply};
use functions::{EventInvokeChange, EventInvokeRecord};
use names::Arn;

/// Sets them; what `change` leaves out stays as it is if `keeps`, and goes otherwise.
///
/// # Errors
/// As the service's; the function's role may not tell a destination.
pub(super) async fn put(
    call: &Call,
    target: Target,
    change: EventInvokeChange,
    keeps: bool,
) -> Result<Reply<model::FunctionEventInvokeConfig>, ApiError> {
    destinations::check(call, &target, &change).await?;
    let arn = target.latest_arn();
    let functions = &call.services.functions;
    let record = functions.put_event_invoke_config(target.id, target.qualifier, change, keeps).await?;
    Ok(Reply::new(to_wire(&arn, record)))
}

pub(super) fn to_wire(arn: &Arn, record: EventInvokeRecord) -> model::FunctionEventInvokeConfig {
    model::FunctionEventInvokeConfig {
        last_modified: Some(protocol::Timestamp(record.modified)),
        function_arn: Some(arn.to_string()),
        maximum_retry_attempts: record.retries_max.map(i32::from),
        maximum_event_age_in_seconds: record.age_max_s.map(small),
        destination_config: Some(model::DestinationConfig {
            on_success: Some(model::OnSuccess { destination: record.on_success }),
            on_failure: Some(model::OnFailure { destination: record.on_failure }),
        }),
    }
}

/// # Errors
/// Values that cannot be.
pub(super) fn change(
    retries: Option<i32>,
    age: Option<i32>,
    destinations: Option<model::DestinationConfig>,
) -> Result<EventInvokeChange, ApiError> {
    let destinations = destinations.unwrap_or_default();
    Ok(EventInvokeChange {
        retries_max: retries
            .map(|retries| {
                u8::try_from(retries).map_err(|_| invalid("MaximumRetryAttempts must be from 0 to 2"))
            })
            .transpose()?,
        age_max_s: age.map(|age| unsigned("MaximumEventAgeInSeconds", age)).transpose()?,
        // A destination object without an ARN takes the destination away, as an empty ARN does.
        on_success: destinations.on_success.map(|to| to.destination.unwrap_or_default()),
        on_failure: destinations.on_failure.map(|to| to.destination.unwrap_or_default()),
    })
}

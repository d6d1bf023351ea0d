//! Whom a function's role must be allowed to tell, before they are its destinations.

use super::error::invalid;
use super::model;
use super::target::Target;
use crate::{ApiError, Call};
use functions::{EventInvokeChange, FunctionId};
use triggers::On;

/// That the function may have the destinations that `change` names.
///
/// # Errors
/// It may not, or there is no such function or destination.
pub(super) async fn check(call: &Call, of: &Target, change: &EventInvokeChange) -> Result<(), ApiError> {
    let named = [(On::Success, &change.on_success), (On::Failure, &change.on_failure)];
    let named = named.into_iter().filter_map(|(on, arn)| Some((on, arn.as_ref()?)));
    let named: Vec<(On, &String)> = named.filter(|(_, arn)| !arn.is_empty()).collect();
    if named.is_empty() {
        return Ok(());
    }
    let functions = &call.services.functions;
    let found = functions.get_function(of.id.clone(), of.qualifier.clone()).await?;
    let role = &found.described.configuration.role;
    for (on, arn) in named {
        if let Some(why) = call.services.destinations.refusal(role, &of.id, arn, on).await? {
            return Err(invalid(why));
        }
    }
    Ok(())
}

/// The dead letter queue that was asked for; empty takes it away.
///
/// # Errors
/// `role` may not send to it, or there is no such queue.
pub(super) async fn dead_letters(
    call: &Call,
    role: &str,
    of: &FunctionId,
    config: Option<model::DeadLetterConfig>,
) -> Result<Option<String>, ApiError> {
    let Some(config) = config else { return Ok(None) };
    let arn = config.target_arn.unwrap_or_default();
    if !arn.is_empty()
        && let Some(why) = call.services.destinations.dead_letter_refusal(role, of, &arn).await?
    {
        return Err(invalid(why));
    }
    Ok(Some(arn))
}

//! Lambda's own condition keys
//! (<https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html>).

use super::target::target;
use crate::{ApiError, Call};
use access::policy::Context;
use functions::FunctionsError;

/// For [`crate::Operation::CONDITION_KEYS`] of what is about a function URL.
pub(super) const OF_URLS: &[&str] = &["lambda:FunctionArn", "lambda:FunctionUrlAuthType"];

/// Of a function URL: as the request wants it, else as it is.
///
/// # Errors
/// The name is none; the store fails.
pub(super) async fn of_url(
    call: &Call,
    function: &str,
    qualifier: Option<&str>,
    auth: Option<&str>,
) -> Result<Context, ApiError> {
    let target = target(call, function, qualifier)?;
    let mut context = Context::new();
    context.set("lambda:FunctionArn", target.arn().to_string());
    let auth = match auth {
        Some(auth) => Some(auth.to_owned()),
        None => match call.services.functions.get_function_url(target.id, target.qualifier).await {
            Ok(url) => Some(url.auth.as_str().to_owned()),
            Err(FunctionsError::NotFound(_) | FunctionsError::Invalid(_)) => None,
            Err(error) => return Err(error.into()),
        },
    };
    context.set_all("lambda:FunctionUrlAuthType", auth);
    Ok(context)
}

/// The layer versions that a function is to have.
pub(super) fn with_layers(context: &mut Context, layers: Option<&Vec<String>>) {
    context.set_all("lambda:Layer", layers.into_iter().flatten());
}

use super::error::invalid;
use crate::{ApiError, Call, Further};
use access::policy::Context;
use access::{Principal, Resource};
use names::Arn;

/// Giving a function a role: who may not pass it on may not act through it either
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html>).
pub(super) async fn pass_role(call: &Call, role: &str, function_arn: &Arn) -> Result<Further, ApiError> {
    let arn = Arn::parse(role).map_err(|error| invalid(format!("The role {role} is no ARN: {error}")))?;
    let mut conditions = Context::new();
    conditions.set("iam:PassedToService", "lambda.amazonaws.com");
    conditions.set("iam:AssociatedResourceArn", function_arn.to_string());
    // Nobody owns one that was never made.
    let is_known = call.services.access.iam().role_was_made(&arn).await.map_err(ApiError::internal)?;
    let resource = if is_known { Resource::new(arn) } else { Resource::owned_by(arn, None) };
    Ok(Further { action: "iam:PassRole", resources: vec![resource], conditions })
}

/// A role must let Lambda act in it. Root may name one that was never made: its function may do everything inside the
/// account, which nobody else may hand out.
///
/// # Errors
/// It does not, or there is none.
pub(super) async fn check_trust(call: &Call, role: &str) -> Result<(), ApiError> {
    let Ok(arn) = Arn::parse(role) else { return Ok(()) };
    let is_root = matches!(call.principal, Principal::Root(_) | Principal::Token { user: None, .. });
    match call.services.access.trusts_service(&arn, "lambda.amazonaws.com").await {
        Ok(trusts) if trusts == Some(false) || (trusts.is_none() && !is_root) => {
            Err(invalid("The role defined for the function cannot be assumed by Lambda."))
        }
        Ok(_) => Ok(()),
        Err(error) => Err(ApiError::internal(error)),
    }
}

use super::error::invalid;
use crate::{ApiError, Call, Further};
use access::Resource;
use access::policy::Context;
use names::Arn;

/// Giving a function a role: who may not pass it on may not act through it either
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html>).
pub(super) fn pass_role(role: &str, function_arn: &Arn) -> Result<Further, ApiError> {
    let arn = Arn::parse(role).map_err(|error| invalid(format!("The role {role} is no ARN: {error}")))?;
    let mut conditions = Context::new();
    conditions.set("iam:PassedToService", "lambda.amazonaws.com");
    conditions.set("iam:AssociatedResourceArn", function_arn.to_string());
    Ok(Further { action: "iam:PassRole", resources: vec![Resource::new(arn)], conditions })
}

/// A role that has a record must let Lambda act in it.
///
/// # Errors
/// It does not.
pub(super) async fn check_trust(call: &Call, role: &str) -> Result<(), ApiError> {
    let Ok(arn) = Arn::parse(role) else { return Ok(()) };
    match call.services.access.trusts_service(&arn, "lambda.amazonaws.com").await {
        Ok(Some(false)) => Err(invalid("The role defined for the function cannot be assumed by Lambda.")),
        Ok(_) => Ok(()),
        Err(error) => Err(ApiError::internal(error)),
    }
}

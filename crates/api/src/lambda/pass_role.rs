use super::error::invalid;
use crate::{ApiError, Call, Further};
use access::Resource;
use access::policy::Context;
use names::Arn;

const LAMBDA: &str = "lambda.amazonaws.com";

/// Giving a function a role: who may not pass it on may not act through it either
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html>).
pub(super) fn pass_role(role: &str, function_arn: &Arn) -> Result<Further, ApiError> {
    let arn = Arn::parse(role).map_err(|error| invalid(format!("The role {role} is no ARN: {error}")))?;
    let mut conditions = Context::new();
    conditions.set("iam:PassedToService", LAMBDA);
    conditions.set("iam:AssociatedResourceArn", function_arn.to_string());
    Ok(Further { action: "iam:PassRole", resources: vec![Resource::new(arn)], conditions })
}

/// A role must let Lambda act in it. Tools wait for a role that was just made by the first sentence of the refusal.
///
/// # Errors
/// It does not, or there is none.
pub(super) async fn check_trust(call: &Call, role: &str) -> Result<(), ApiError> {
    let Ok(arn) = Arn::parse(role) else { return Ok(()) };
    let access = &call.services.access;
    if access.trusts_service(&arn, LAMBDA).await.map_err(ApiError::internal)? {
        return Ok(());
    }
    let is_there = access.iam().role_policies(&arn).await.map_err(ApiError::internal)?.is_some();
    let why = if is_there {
        format!("The trust policy of {role} must allow sts:AssumeRole to {LAMBDA}.")
    } else {
        format!("There is no role {role}: make it first, with a trust policy for {LAMBDA}.")
    };
    Err(invalid(format!("The role defined for the function cannot be assumed by Lambda. {why}")))
}

//! The policies that resources have of their own, as decisions need them.

use crate::{ApiError, Services};
use access::Resource;
use access::iam::LoadedPolicy;

/// What a function's policy may let other principals do. All else is for the identity's own policies alone, and for
/// nobody of another account
/// (<https://docs.aws.amazon.com/lambda/latest/dg/permissions-function-cross-account.html>).
const SHARED_ACTIONS: [&str; 21] = [
    "lambda:CreateAlias",
    "lambda:DeleteAlias",
    "lambda:DeleteFunction",
    "lambda:DeleteFunctionConcurrency",
    "lambda:GetAlias",
    "lambda:GetFunction",
    "lambda:GetFunctionConcurrency",
    "lambda:GetFunctionConfiguration",
    "lambda:GetLayerVersion",
    "lambda:GetPolicy",
    "lambda:InvokeFunction",
    "lambda:InvokeFunctionUrl",
    "lambda:ListAliases",
    "lambda:ListTags",
    "lambda:ListVersionsByFunction",
    "lambda:PublishVersion",
    "lambda:PutFunctionConcurrency",
    "lambda:TagResource",
    "lambda:UntagResource",
    "lambda:UpdateAlias",
    "lambda:UpdateFunctionCode",
];

/// As `access::Asked::shared` wants them.
///
/// # Errors
/// The store fails.
pub(crate) async fn of(
    services: &Services,
    action: &str,
    resources: &[Resource],
) -> Result<Vec<Option<LoadedPolicy>>, ApiError> {
    if !SHARED_ACTIONS.contains(&action) {
        return Ok(Vec::new());
    }
    let mut policies = Vec::with_capacity(resources.len());
    for Resource { arn, .. } in resources {
        let document = services.functions.resource_policy(arn).await.map_err(ApiError::internal)?;
        policies.push(
            document.map(|document| LoadedPolicy { name: format!("resource policy of {arn}"), document }),
        );
    }
    if policies.iter().all(Option::is_none) {
        return Ok(Vec::new());
    }
    Ok(policies)
}

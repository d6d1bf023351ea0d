//! The policies that resources have of their own, as decisions need them.

use crate::dynamodb::target;
use crate::{ApiError, Services};
use access::iam::LoadedPolicy;
use access::policy::PolicyDocument;
use access::{Principal, Resource};
use names::Arn;
use queues::QueueId;
use std::sync::Arc;
use tables::TableId;
use topics::TopicId;

/// What a function's policy may let other principals do. All else is for the identity's own policies alone, and for
/// nobody of another account
/// (<https://docs.aws.amazon.com/lambda/latest/dg/permissions-function-cross-account.html>).
const OF_FUNCTIONS: [&str; 21] = [
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

/// What a table's policy may let other principals do, on the table and its indexes
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/rbac-iam-actions.html>).
const OF_TABLES: [&str; 26] = [
    "dynamodb:BatchGetItem",
    "dynamodb:BatchWriteItem",
    "dynamodb:ConditionCheckItem",
    "dynamodb:DeleteItem",
    "dynamodb:DeleteResourcePolicy",
    "dynamodb:DeleteTable",
    "dynamodb:DescribeContinuousBackups",
    "dynamodb:DescribeTable",
    "dynamodb:DescribeTimeToLive",
    "dynamodb:GetItem",
    "dynamodb:GetResourcePolicy",
    "dynamodb:ListTagsOfResource",
    "dynamodb:PartiQLDelete",
    "dynamodb:PartiQLInsert",
    "dynamodb:PartiQLSelect",
    "dynamodb:PartiQLUpdate",
    "dynamodb:PutItem",
    "dynamodb:PutResourcePolicy",
    "dynamodb:Query",
    "dynamodb:Scan",
    "dynamodb:TagResource",
    "dynamodb:UntagResource",
    "dynamodb:UpdateContinuousBackups",
    "dynamodb:UpdateItem",
    "dynamodb:UpdateTable",
    "dynamodb:UpdateTimeToLive",
];

/// What a queue's policy may let other accounts do; inside its own it is asked about everything
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-overview-of-managing-access.html>).
const OF_QUEUES: [&str; 8] = [
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
    "sqs:ListDeadLetterSourceQueues",
    "sqs:PurgeQueue",
    "sqs:ReceiveMessage",
    "sqs:SendMessage",
];

/// What a topic's policy may let other accounts do; inside its own it is asked about everything
/// (<https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html>).
const OF_TOPICS: [&str; 9] = [
    "sns:AddPermission",
    "sns:DeleteTopic",
    "sns:GetTopicAttributes",
    "sns:ListSubscriptionsByTopic",
    "sns:ListTagsForResource",
    "sns:Publish",
    "sns:RemovePermission",
    "sns:SetTopicAttributes",
    "sns:Subscribe",
];

/// As `access::Asked::shared` wants them.
///
/// # Errors
/// The store fails.
pub(crate) async fn of(
    services: &Services,
    principal: &Principal,
    action: &str,
    resources: &[Resource],
) -> Result<Vec<Option<LoadedPolicy>>, ApiError> {
    let (of_functions, of_tables) = (OF_FUNCTIONS.contains(&action), OF_TABLES.contains(&action));
    let (of_queues, of_topics) = (action.starts_with("sqs:"), action.starts_with("sns:"));
    if !of_functions && !of_tables && !of_queues && !of_topics {
        return Ok(Vec::new());
    }
    let mut policies = Vec::with_capacity(resources.len());
    for Resource { arn, owner, .. } in resources {
        if of_queues {
            let may_say = OF_QUEUES.contains(&action) || owner.as_ref() == principal.account();
            policies.push(if may_say { of_queue(services, arn).await? } else { None });
            continue;
        }
        if of_topics {
            let may_say = OF_TOPICS.contains(&action) || owner.as_ref() == principal.account();
            policies.push(if may_say { of_topic(services, arn).await? } else { None });
            continue;
        }
        policies.push(match of_functions {
            true => {
                let document = services.functions.resource_policy(arn).await.map_err(ApiError::internal)?;
                document.map(|document| loaded(arn, document))
            }
            false => match target::of_arn(arn) {
                Some(table) => of_table(services, &table).await?,
                None => None,
            },
        });
    }
    if policies.iter().all(Option::is_none) {
        return Ok(Vec::new());
    }
    Ok(policies)
}

/// A table's own policy, which holds for its indexes too.
///
/// # Errors
/// The store fails.
pub(crate) async fn of_table(services: &Services, table: &TableId) -> Result<Option<LoadedPolicy>, ApiError> {
    let document = services.tables.resource_policy(table).await?;
    Ok(document
        .map(|document| LoadedPolicy { name: format!("resource policy of {}", table.arn()), document }))
}

/// A queue's own policy; none of what is no queue.
///
/// # Errors
/// The store fails.
pub(crate) async fn of_queue(services: &Services, arn: &Arn) -> Result<Option<LoadedPolicy>, ApiError> {
    let Some(id) = QueueId::of_arn(arn) else { return Ok(None) };
    let document = services.queues.resource_policy(&id).await?;
    Ok(document.map(|document| loaded(arn, document)))
}

/// A topic's own policy; none of what is no topic.
///
/// # Errors
/// The store fails.
pub(crate) async fn of_topic(services: &Services, arn: &Arn) -> Result<Option<LoadedPolicy>, ApiError> {
    let Some(id) = TopicId::of_arn(arn) else { return Ok(None) };
    let document = services.topics.resource_policy(&id).await?;
    Ok(document.map(|document| loaded(arn, document)))
}

pub(crate) fn loaded(arn: &Arn, document: Arc<PolicyDocument>) -> LoadedPolicy {
    LoadedPolicy { name: format!("resource policy of {arn}"), document }
}

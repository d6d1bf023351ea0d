//! The tags of what a request acts on, for `aws:ResourceTag/*` and the services' own keys.

use crate::{ApiError, Services, resource_policies};
use access::iam::{Holder, Role, User};
use access::{IamError, Principal, Resource};
use functions::{FunctionId, FunctionsError};
use names::{AccountId, Arn, FunctionReference};
use objects::{BucketName, BucketRef, ObjectKey, ObjectsError};
use queues::{QueueId, QueuesError};
use std::collections::BTreeMap;
use tables::TablesError;
use topics::{TopicId, TopicsError};
use triggers::{MappingError, MappingId};

type Tags = BTreeMap<String, String>;

/// What `s3:ExistingObjectTag/*` can be asked of
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/tagging-and-policies.html>).
pub(crate) const OF_EXISTING_OBJECTS: &[&str] = &[
    "s3:GetObject",
    "s3:GetObjectAttributes",
    "s3:GetObjectTagging",
    "s3:PutObjectTagging",
    "s3:DeleteObjectTagging",
];

/// Reads them into the resources, only where a policy asks for any that decides about the caller, or the resource's own.
///
/// # Errors
/// A store fails.
pub(crate) async fn read(
    services: &Services,
    principal: &Principal,
    action: &str,
    resources: &mut [Resource],
) -> Result<(), ApiError> {
    let is_asked = services.access.asks_for_tags(principal).await.map_err(ApiError::internal)?;
    for resource in resources {
        if is_asked || own_policy_asks(services, resource).await? {
            resource.tags = of(services, action, resource).await?;
        }
    }
    Ok(())
}

/// Of what can have a policy of its own that asks for tags: tables, queues and topics.
async fn own_policy_asks(services: &Services, resource: &Resource) -> Result<bool, ApiError> {
    if let Some(policy) = resource_policies::of_queue(services, &resource.arn).await? {
        return Ok(policy.asks_for_tags());
    }
    if let Some(policy) = resource_policies::of_topic(services, &resource.arn).await? {
        return Ok(policy.asks_for_tags());
    }
    let Some(table) = crate::dynamodb::target::of_arn(&resource.arn) else { return Ok(false) };
    Ok(resource_policies::of_table(services, &table).await?.is_some_and(|policy| policy.asks_for_tags()))
}

/// None of what does not exist, has no tags, or is not ours to look into.
async fn of(services: &Services, action: &str, resource: &Resource) -> Result<Tags, ApiError> {
    let Some(owner) = &resource.owner else { return Ok(Tags::new()) };
    let arn = &resource.arn;
    match (arn.service.as_str(), arn.resource.split_once(['/', ':'])) {
        ("iam", Some(("user", name))) => of_holder::<User>(services, owner, name).await,
        ("iam", Some(("role", name))) => of_holder::<Role>(services, owner, name).await,
        ("iam", Some(("policy", _))) if arn.account != "aws" => {
            match services.access.iam().get_policy(owner.clone(), arn.to_string()).await {
                Ok(policy) => Ok(policy.tags),
                Err(IamError::NoSuchEntity(_)) => Ok(Tags::new()),
                Err(error) => Err(ApiError::internal(error)),
            }
        }
        ("iam", Some(("oidc-provider", _))) => {
            match services.access.iam().get_oidc_provider(owner.clone(), arn.to_string()).await {
                Ok(provider) => Ok(provider.tags),
                Err(IamError::NoSuchEntity(_)) => Ok(Tags::new()),
                Err(error) => Err(ApiError::internal(error)),
            }
        }
        ("dynamodb", Some(("table", _))) => of_table(services, arn).await,
        ("sqs", None) => of_queue(services, arn).await,
        ("sns", None) => of_topic(services, arn).await,
        ("lambda", Some(("function", _))) => of_function(services, &arn.to_string()).await,
        ("lambda", Some(("event-source-mapping", _))) => {
            let Some(id) = MappingId::of_arn(arn) else { return Ok(Tags::new()) };
            match services.mappings.get(id).await {
                Ok(mapping) => Ok(mapping.tags),
                Err(MappingError::NotFound(_)) => Ok(Tags::new()),
                Err(error) => Err(error.into()),
            }
        }
        ("s3", Some((bucket, key))) if OF_EXISTING_OBJECTS.contains(&action) => {
            let (Ok(name), Ok(key)) = (BucketName::parse(bucket), ObjectKey::parse(key)) else {
                return Ok(Tags::new());
            };
            let bucket = BucketRef { name, expected_owner: Some(owner.clone()) };
            match services.objects.get_object_tagging(bucket, key).await {
                Ok(tags) => Ok(tags.tags().iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect()),
                Err(ObjectsError::NoSuchKey | ObjectsError::NoSuchBucket) => Ok(Tags::new()),
                Err(error) => Err(error.into()),
            }
        }
        _ => Ok(Tags::new()),
    }
}

async fn of_holder<H: Holder>(services: &Services, owner: &AccountId, path: &str) -> Result<Tags, ApiError> {
    let name = path.rsplit('/').next().unwrap_or(path);
    match services.access.iam().get::<H>(owner.clone(), name.to_owned()).await {
        Ok(holder) => Ok(holder.identity().tags.clone()),
        Err(IamError::NoSuchEntity(_)) => Ok(Tags::new()),
        Err(error) => Err(ApiError::internal(error)),
    }
}

/// Indexes have their table's.
async fn of_table(services: &Services, arn: &Arn) -> Result<Tags, ApiError> {
    let Some(table) = crate::dynamodb::target::of_arn(arn) else { return Ok(Tags::new()) };
    match services.tables.tags(table).await {
        Ok(tags) => Ok(tags),
        Err(TablesError::NoSuchArn(_)) => Ok(Tags::new()),
        Err(error) => Err(error.into()),
    }
}

async fn of_queue(services: &Services, arn: &Arn) -> Result<Tags, ApiError> {
    let Some(id) = QueueId::of_arn(arn) else { return Ok(Tags::new()) };
    match services.queues.tags(&id).await {
        Ok(tags) => Ok(tags),
        Err(QueuesError::NoSuchQueue) => Ok(Tags::new()),
        Err(error) => Err(error.into()),
    }
}

async fn of_topic(services: &Services, arn: &Arn) -> Result<Tags, ApiError> {
    let Some(id) = TopicId::of_arn(arn) else { return Ok(Tags::new()) };
    match services.topics.tags(&id).await {
        Ok(tags) => Ok(tags),
        Err(TopicsError::NoSuchResource) => Ok(Tags::new()),
        Err(error) => Err(error.into()),
    }
}

/// Versions and aliases have their function's.
async fn of_function(services: &Services, arn: &str) -> Result<Tags, ApiError> {
    let Ok(FunctionReference { account: Some(account), region: Some(region), name, .. }) =
        FunctionReference::parse(arn)
    else {
        return Ok(Tags::new());
    };
    match services.functions.list_tags(FunctionId { account, region, name }).await {
        Ok(tags) => Ok(tags),
        Err(FunctionsError::NotFound(_)) => Ok(Tags::new()),
        Err(error) => Err(error.into()),
    }
}

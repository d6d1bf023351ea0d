use super::error::{about, argument};
use super::model::operation::CreateBucket;
use super::model::{CreateBucketOutput, CreateBucketRequest, Tagging};
use super::place::{bucket_name, bucket_resource};
use super::{tagging, unsupported};
use crate::tag_conditions;
use crate::{AccessLevel, ApiError, Call, Further, Operation, Reply};
use access::Resource;
use access::policy::Context;
use names::{Arn, Region};
use objects::TagSet;

impl Operation for CreateBucket {
    const ACTION: &'static str = "s3:CreateBucket";
    const LEVEL: AccessLevel = AccessLevel::Write;
    const CONDITION_KEYS: &'static [&'static str] =
        &["aws:RequestTag/", "aws:TagKeys", "s3:locationconstraint", "s3:x-amz-acl"];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &[
        "ACL",
        "Bucket",
        "CreateBucketConfiguration.LocationConstraint",
        "CreateBucketConfiguration.Tags",
        "ObjectLockEnabledForBucket",
        "ObjectOwnership",
        "BucketNamespace",
    ];

    /// The name, which may be another account's already: then the answer is that it exists, as S3 gives
    /// it, and no denial. So the resource here has no owner, and the service refuses.
    async fn resources(call: &Call, input: &CreateBucketRequest) -> Result<Vec<Resource>, ApiError> {
        let mut resources = bucket_resource(call, &input.bucket, None).await?;
        for resource in &mut resources {
            resource.owner = None;
        }
        Ok(resources)
    }

    async fn conditions(_call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        let configuration = input.create_bucket_configuration.as_ref();
        let mut context = tag_conditions::requested(requested_tags(input));
        let region = configuration.and_then(|configuration| configuration.location_constraint.as_ref());
        context.set_all("s3:locationconstraint", region);
        context.set_all("s3:x-amz-acl", input.acl.as_ref());
        Ok(context)
    }

    async fn further(call: &Call, input: &Self::Input) -> Result<Vec<Further>, ApiError> {
        let conditions = tag_conditions::requested(requested_tags(input));
        Ok(tag_conditions::tagging("s3:TagResource", Self::resources(call, input).await?, conditions))
    }

    async fn call(call: Call, input: CreateBucketRequest) -> Result<Reply<CreateBucketOutput>, ApiError> {
        unsupported::acl(input.acl.as_ref())?;
        only("x-amz-object-ownership", input.object_ownership.as_ref(), "BucketOwnerEnforced")?;
        only("x-amz-bucket-namespace", input.bucket_namespace.as_ref(), "global")?;
        if input.object_lock_enabled_for_bucket == Some(true) {
            return Err(ApiError::unsupported("x-amz-bucket-object-lock-enabled", "there is no object lock"));
        }
        let configuration = input.create_bucket_configuration.unwrap_or_default();
        let tag_set = configuration.tags.unwrap_or_default();
        let request = objects::CreateBucket {
            name: bucket_name(&input.bucket)?,
            owner: call.account.clone(),
            region: region(&call, configuration.location_constraint)?,
            tags: TagSet::for_bucket(tagging::tags(Tagging { tag_set }))?,
        };
        call.services.objects.create_bucket(request).await.map_err(about(&input.bucket, None))?;
        Ok(Reply::new(CreateBucketOutput {
            location: Some(format!("/{}", input.bucket)),
            bucket_arn: Some(Arn::s3(input.bucket).to_string()),
        }))
    }
}

/// The region that is asked for, or else the one that the request was signed for: one front door serves
/// all regions.
fn region(call: &Call, constraint: Option<String>) -> Result<Region, ApiError> {
    match constraint.as_deref() {
        None | Some("") => Ok(call.region.clone()),
        Some("EU") => region_named("eu-west-1"),
        Some(name) => region_named(name),
    }
}

fn region_named(name: &str) -> Result<Region, ApiError> {
    Region::parse(name).map_err(|_| {
        ApiError::invalid("InvalidLocationConstraint", "The specified location-constraint is not valid")
            .field("LocationConstraint", name)
    })
}

fn only(name: &str, value: Option<&String>, known: &str) -> Result<(), ApiError> {
    match value {
        Some(value) if value.is_empty() => Err(argument(name, value, "The value must not be empty")),
        Some(value) if value != known => {
            Err(ApiError::unsupported(name, format!("{value} is not there, only {known}")))
        }
        _ => Ok(()),
    }
}

fn requested_tags(input: &CreateBucketRequest) -> impl Iterator<Item = (&String, &String)> {
    let configuration = input.create_bucket_configuration.as_ref();
    let tags = configuration.and_then(|configuration| configuration.tags.as_ref());
    tags.into_iter().flatten().map(|tag| (&tag.key, &tag.value))
}

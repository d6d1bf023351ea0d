use super::error::about;
use super::model::operation::PutObjectTagging;
use super::model::{PutObjectTaggingOutput, PutObjectTaggingRequest};
use super::place::{bucket, key, object_resource, only_version};
use super::tagging::tags;
use super::write_conditions;
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use access::policy::Context;
use objects::TagSet;

impl Operation for PutObjectTagging {
    const ACTION: &'static str = "s3:PutObjectTagging";
    const LEVEL: AccessLevel = AccessLevel::Tagging;
    const CONDITION_KEYS: &'static [&'static str] =
        &["s3:RequestObjectTag/", "s3:RequestObjectTagKeys", "s3:ExistingObjectTag/"];
    const DATA: bool = true;
    const HONOURED: &'static [&'static str] = &[
        "Bucket",
        "Key",
        "VersionId",
        "ContentMD5",
        "ChecksumAlgorithm",
        "Tagging",
        "ExpectedBucketOwner",
        "RequestPayer",
    ];

    async fn resources(call: &Call, input: &PutObjectTaggingRequest) -> Result<Vec<Resource>, ApiError> {
        object_resource(call, &input.bucket, &input.key, input.expected_bucket_owner.as_ref()).await
    }

    async fn conditions(_call: &Call, input: &Self::Input) -> Result<Context, ApiError> {
        let mut context = Context::new();
        write_conditions::set_tags(&mut context, &tags(input.tagging.clone()));
        Ok(context)
    }

    async fn call(
        call: Call,
        input: PutObjectTaggingRequest,
    ) -> Result<Reply<PutObjectTaggingOutput>, ApiError> {
        only_version(input.version_id.as_ref())?;
        let (bucket, key) = (bucket(&call, &input.bucket)?, key(&input.key)?);
        let tags = TagSet::for_object(tags(input.tagging))?;
        let put = call.services.objects.put_object_tagging(bucket, key, tags).await;
        put.map_err(about(&input.bucket, Some(&input.key)))?;
        Ok(Reply::new(PutObjectTaggingOutput::default()))
    }
}

use super::checksums::set_checksum;
use super::error::{about, argument};
use super::listing::{count, page_size};
use super::model::operation::GetObjectAttributes;
use super::model::{
    Checksum, GetObjectAttributesOutput, GetObjectAttributesParts, GetObjectAttributesRequest, ObjectPart,
};
use super::place::{bucket, key, object_resource, only_version, signed};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use http::header::LAST_MODIFIED;
use objects::{ObjectParts, PartInfo};

impl Operation for GetObjectAttributes {
    const ACTION: &'static str = "s3:GetObjectAttributes";
    const LEVEL: AccessLevel = AccessLevel::Read;
    const CONDITION_KEYS: &'static [&'static str] = &["s3:ExistingObjectTag/"];
    const DATA: bool = true;
    const HONOURED: &'static [&'static str] = &[
        "Bucket",
        "Key",
        "VersionId",
        "MaxParts",
        "PartNumberMarker",
        "RequestPayer",
        "ExpectedBucketOwner",
        "ObjectAttributes",
    ];

    async fn resources(call: &Call, input: &GetObjectAttributesRequest) -> Result<Vec<Resource>, ApiError> {
        object_resource(call, &input.bucket, &input.key, input.expected_bucket_owner.as_ref()).await
    }

    async fn call(
        call: Call,
        input: GetObjectAttributesRequest,
    ) -> Result<Reply<GetObjectAttributesOutput>, ApiError> {
        only_version(input.version_id.as_ref())?;
        let (bucket, key) = (bucket(&call, &input.bucket)?, key(&input.key)?);
        let after = part_number_marker(input.part_number_marker)?;
        let max = page_size("max-parts", input.max_parts)?;
        let got = call.services.objects.get_object_attributes(bucket, key, after, max).await;
        let (info, parts) = got.map_err(about(&input.bucket, Some(&input.key)))?;
        let asked = |name: &str| input.object_attributes.iter().any(|asked| asked == name);
        let mut checksum =
            Checksum { checksum_type: Some(info.checksum.kind.as_str().to_owned()), ..Checksum::default() };
        set_checksum!(checksum, &info.checksum);
        let output = GetObjectAttributesOutput {
            last_modified: Some(info.last_modified.into()),
            // Without quotes, here alone.
            e_tag: asked("ETag").then_some(info.etag),
            checksum: asked("Checksum").then_some(checksum),
            object_parts: parts.filter(|_| asked("ObjectParts")).map(|parts| told(parts, after, max)),
            storage_class: asked("StorageClass").then(|| "STANDARD".to_owned()),
            object_size: asked("ObjectSize").then(|| signed(info.size)),
            ..GetObjectAttributesOutput::default()
        };
        Ok(Reply::new(output).with_header(LAST_MODIFIED, &info.last_modified.to_http_date()))
    }
}

/// # Errors
/// A number that no part has.
pub(super) fn part_number_marker(marker: Option<i32>) -> Result<u16, ApiError> {
    let marker = marker.unwrap_or(0);
    u16::try_from(marker).map_err(|_| {
        argument("part-number-marker", &marker.to_string(), "Argument must be an integer between 0 and 10000")
    })
}

fn told(page: ObjectParts, after: u16, max: usize) -> GetObjectAttributesParts {
    let last = page.parts.last().map_or(after, |part| part.number);
    GetObjectAttributesParts {
        total_parts_count: count(page.total),
        part_number_marker: Some(i32::from(after)),
        next_part_number_marker: Some(i32::from(last)),
        max_parts: count(max),
        is_truncated: Some(page.truncated),
        parts: Some(page.parts.into_iter().map(part).collect()),
    }
}

fn part(part: PartInfo) -> ObjectPart {
    let mut told = ObjectPart {
        part_number: Some(i32::from(part.number)),
        size: Some(signed(part.size)),
        ..ObjectPart::default()
    };
    set_checksum!(told, &part.checksum);
    told
}

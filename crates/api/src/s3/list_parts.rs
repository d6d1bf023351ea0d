use super::checksums::set_checksum;
use super::error::about;
use super::get_object_attributes::part_number_marker;
use super::listing::{count, owner, page_size};
use super::model::operation::ListParts;
use super::model::{Initiator, ListPartsOutput, ListPartsRequest, Part};
use super::place::{object_resource, quoted, signed, upload};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use objects::ListedPart;

impl Operation for ListParts {
    const ACTION: &'static str = "s3:ListMultipartUploadParts";
    const LEVEL: AccessLevel = AccessLevel::List;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = true;
    const HONOURED: &'static [&'static str] =
        &["Bucket", "Key", "MaxParts", "PartNumberMarker", "UploadId", "RequestPayer", "ExpectedBucketOwner"];

    async fn resources(call: &Call, input: &ListPartsRequest) -> Result<Vec<Resource>, ApiError> {
        object_resource(call, &input.bucket, &input.key, input.expected_bucket_owner.as_ref()).await
    }

    async fn call(call: Call, input: ListPartsRequest) -> Result<Reply<ListPartsOutput>, ApiError> {
        let upload = upload(&call, &input.bucket, &input.key, &input.upload_id)?;
        let after = part_number_marker(input.part_number_marker)?;
        let max = page_size("max-parts", input.max_parts)?;
        let page = call.services.objects.list_parts(upload, after, max).await;
        let page = page.map_err(about(&input.bucket, Some(&input.key)))?;
        let last = page.parts.last().map_or(after, |part| part.number);
        Ok(Reply::new(ListPartsOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(input.upload_id),
            part_number_marker: Some(i32::from(after)),
            next_part_number_marker: Some(i32::from(last)),
            max_parts: count(max),
            is_truncated: Some(page.truncated),
            parts: Some(page.parts.into_iter().map(told).collect::<Vec<_>>())
                .filter(|parts| !parts.is_empty()),
            initiator: Some(initiator(page.initiator)),
            owner: owner(&call),
            storage_class: Some("STANDARD".to_owned()),
            checksum_algorithm: page.checksum.map(|(algorithm, _)| algorithm.as_str().to_owned()),
            checksum_type: page.checksum.map(|(_, kind)| kind.as_str().to_owned()),
            ..ListPartsOutput::default()
        }))
    }
}

pub(super) fn initiator(arn: String) -> Initiator {
    let display_name = arn.rsplit('/').next().map(str::to_owned);
    Initiator { id: Some(arn), display_name }
}

fn told(part: ListedPart) -> Part {
    let mut told = Part {
        part_number: Some(i32::from(part.number)),
        last_modified: Some(part.last_modified.into()),
        e_tag: Some(quoted(&part.etag)),
        size: Some(signed(part.size)),
        ..Part::default()
    };
    set_checksum!(told, &part.checksum);
    told
}

use super::error::about;
use super::list_parts::initiator;
use super::listing::{Encoding, count, owner, page_size};
use super::model::operation::ListMultipartUploads;
use super::model::{ListMultipartUploadsOutput, ListMultipartUploadsRequest, MultipartUpload, Owner};
use super::place::{bucket, bucket_resource};
use crate::{AccessLevel, ApiError, Call, Operation, Reply};
use access::Resource;
use objects::{ListUploads, ListedUpload};

impl Operation for ListMultipartUploads {
    const ACTION: &'static str = "s3:ListBucketMultipartUploads";
    const LEVEL: AccessLevel = AccessLevel::List;
    const CONDITION_KEYS: &'static [&'static str] = &[];
    const DATA: bool = false;
    const HONOURED: &'static [&'static str] = &[
        "Bucket",
        "Delimiter",
        "EncodingType",
        "KeyMarker",
        "MaxUploads",
        "Prefix",
        "UploadIdMarker",
        "ExpectedBucketOwner",
        "RequestPayer",
    ];

    async fn resources(call: &Call, input: &ListMultipartUploadsRequest) -> Result<Vec<Resource>, ApiError> {
        bucket_resource(call, &input.bucket, input.expected_bucket_owner.as_ref()).await
    }

    async fn call(
        call: Call,
        input: ListMultipartUploadsRequest,
    ) -> Result<Reply<ListMultipartUploadsOutput>, ApiError> {
        let encoding = Encoding::of(input.encoding_type.as_ref())?;
        let max = page_size("max-uploads", input.max_uploads)?;
        // An upload id means nothing without its key; S3 says that it is then ignored.
        let key_marker = input.key_marker.clone().filter(|key| !key.is_empty());
        let id_marker = input.upload_id_marker.clone().filter(|id| !id.is_empty());
        let request = ListUploads {
            bucket: bucket(&call, &input.bucket)?,
            prefix: input.prefix.clone().unwrap_or_default(),
            delimiter: input.delimiter.clone(),
            after: key_marker.map(|key| (key, id_marker)),
            max,
        };
        let page = call.services.objects.list_multipart_uploads(request).await;
        let page = page.map_err(about(&input.bucket, None))?;
        let owner = owner(&call);
        let (next_key, next_id) = page.next.clone().unzip();
        let uploads: Vec<_> =
            page.uploads.into_iter().map(|upload| told(upload, encoding, owner.as_ref())).collect();
        Ok(Reply::new(ListMultipartUploadsOutput {
            bucket: Some(input.bucket),
            key_marker: Some(encoding.write(&input.key_marker.unwrap_or_default())),
            upload_id_marker: Some(input.upload_id_marker.unwrap_or_default()),
            next_key_marker: next_key.map(|key| encoding.write(&key)),
            prefix: Some(encoding.write(&input.prefix.unwrap_or_default())),
            delimiter: encoding.write_given(input.delimiter.as_ref()),
            next_upload_id_marker: next_id.map(|id| id.map(|id| id.to_string()).unwrap_or_default()),
            max_uploads: count(max),
            is_truncated: Some(page.next.is_some()),
            uploads: Some(uploads).filter(|uploads| !uploads.is_empty()),
            common_prefixes: encoding.common_prefixes(&page.common_prefixes),
            encoding_type: input.encoding_type,
            request_charged: None,
        }))
    }
}

fn told(upload: ListedUpload, encoding: Encoding, owner: Option<&Owner>) -> MultipartUpload {
    MultipartUpload {
        upload_id: Some(upload.id.to_string()),
        key: Some(encoding.write(&upload.key)),
        initiated: Some(upload.initiated.into()),
        storage_class: Some("STANDARD".to_owned()),
        owner: owner.cloned(),
        initiator: Some(initiator(upload.initiator)),
        checksum_algorithm: Some(upload.checksum_algorithm.as_str().to_owned()),
        checksum_type: Some(upload.checksum_kind.as_str().to_owned()),
        version_id: None,
    }
}

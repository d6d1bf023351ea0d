//! Objects, spoken as S3.

pub mod model;

mod attributes;
mod checksums;
mod conditions;
mod error;
mod incoming;
mod listing;
pub(crate) mod place;
mod reading;
mod signature;
mod tagging;
mod unsupported;
mod write_conditions;

mod abort_multipart_upload;
mod complete_multipart_upload;
mod copy_object;
mod copy_source;
mod create_bucket;
mod create_multipart_upload;
mod delete_bucket;
mod delete_bucket_tagging;
mod delete_object;
mod delete_object_tagging;
mod delete_objects;
pub(crate) mod document;
mod get_bucket_location;
mod get_bucket_notification_configuration;
mod get_bucket_tagging;
mod get_object;
mod get_object_attributes;
mod get_object_tagging;
mod head_bucket;
mod head_object;
mod list_buckets;
mod list_multipart_uploads;
mod list_objects;
mod list_objects_v2;
mod list_parts;
pub(crate) mod listing_conditions;
mod put_bucket_notification_configuration;
mod put_bucket_tagging;
mod put_object;
mod put_object_tagging;
mod upload_part;
mod upload_part_copy;

pub(crate) use signature::Signature;

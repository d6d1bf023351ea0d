//! Values that S3 knows and that nothing here stands behind: refused by name, never ignored.

use crate::ApiError;

/// Objects are the bucket owner's and private. Lists that say no more than this are accepted.
pub(super) fn acl(value: Option<&String>) -> Result<(), ApiError> {
    match value.map(String::as_str) {
        None | Some("private" | "bucket-owner-full-control") => Ok(()),
        Some(other) => Err(ApiError::unsupported(
            "x-amz-acl",
            format!("{other} would share with others; only private and bucket-owner-full-control are known"),
        )),
    }
}

pub(super) fn storage_class(value: Option<&String>) -> Result<(), ApiError> {
    match value.map(String::as_str) {
        None | Some("STANDARD") => Ok(()),
        Some(other) => Err(ApiError::unsupported(
            "x-amz-storage-class",
            format!("{other} is not there; the only storage class is STANDARD"),
        )),
    }
}

//! `x-amz-copy-source`: where a copy comes from.

use super::conditions;
use super::error::argument;
use super::place::{bucket, key, object_resource, only_version};
use crate::{ApiError, Call, Further};
use access::policy::Context;
use objects::{CopySource, ObjectsError, Tag};
use percent_encoding::percent_decode_str;
use protocol::Timestamp;

/// The source with the conditions of a request, of either kind of copy.
macro_rules! with_conditions {
    ($source:expr, $call:expr, $input:expr) => {
        $source.with_conditions(
            &$call,
            $input.copy_source_if_match.as_ref(),
            $input.copy_source_if_none_match.as_ref(),
            $input.copy_source_if_modified_since,
            $input.copy_source_if_unmodified_since,
        )?
    };
}

pub(super) use with_conditions;

pub(super) struct Source {
    pub bucket: String,
    pub key: String,
}

impl Source {
    /// `bucket/key` or `/bucket/key`, percent-encoded, with or without `?versionId=null`.
    ///
    /// # Errors
    /// `InvalidArgument`.
    pub(super) fn parse(header: &str) -> Result<Source, ApiError> {
        let refused = || {
            argument(
                "x-amz-copy-source",
                header,
                "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
            )
        };
        let (path, version) = match header.split_once("?versionId=") {
            Some((path, version)) => (path, Some(version.to_owned())),
            None => (header, None),
        };
        only_version(version.as_ref())?;
        let path = percent_decode_str(path).decode_utf8().map_err(|_| refused())?;
        let path = path.strip_prefix('/').unwrap_or(&path);
        if path.starts_with("arn:") {
            return Err(ApiError::unsupported("x-amz-copy-source", "there are no access points"));
        }
        match path.split_once('/') {
            Some((bucket, key)) if !bucket.is_empty() && !key.is_empty() => {
                Ok(Source { bucket: bucket.to_owned(), key: key.to_owned() })
            }
            _ => Err(refused()),
        }
    }

    /// Reading what is copied, from the owner that the request expects.
    pub(super) async fn reading(
        call: &Call,
        header: &str,
        expected_owner: Option<&String>,
    ) -> Result<Vec<Further>, ApiError> {
        let source = Source::parse(header)?;
        let resources = object_resource(call, &source.bucket, &source.key, expected_owner).await?;
        Ok(vec![Further { action: "s3:GetObject", resources, conditions: Context::new() }])
    }

    /// The tags of what is copied; none where there is nothing.
    ///
    /// # Errors
    /// The store fails.
    pub(super) async fn tags(&self, call: &Call) -> Result<Vec<Tag>, ApiError> {
        let (bucket, key) = (bucket(call, &self.bucket)?, key(&self.key)?);
        match call.services.objects.get_object_tagging(bucket, key).await {
            Ok(tags) => Ok(tags.tags().to_vec()),
            Err(ObjectsError::NoSuchKey | ObjectsError::NoSuchBucket | ObjectsError::NotTheOwner) => {
                Ok(Vec::new())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Reading those.
    pub(super) async fn reading_tags(
        &self,
        call: &Call,
        expected_owner: Option<&String>,
    ) -> Result<Further, ApiError> {
        let resources = object_resource(call, &self.bucket, &self.key, expected_owner).await?;
        Ok(Further { action: "s3:GetObjectTagging", resources, conditions: Context::new() })
    }

    pub(super) fn with_conditions(
        &self,
        call: &Call,
        if_match: Option<&String>,
        if_none_match: Option<&String>,
        if_modified_since: Option<Timestamp>,
        if_unmodified_since: Option<Timestamp>,
    ) -> Result<CopySource, ApiError> {
        Ok(CopySource {
            bucket: bucket(call, &self.bucket)?,
            key: key(&self.key)?,
            conditions: conditions::read(if_match, if_none_match, if_modified_since, if_unmodified_since),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_a_bucket_and_a_key() {
        let check = |header: &str, expected: Option<(&str, &str)>| {
            let source = Source::parse(header).ok().map(|source| (source.bucket, source.key));
            let expected = expected.map(|(bucket, key)| (bucket.to_owned(), key.to_owned()));
            assert_eq!(source, expected, "{header}");
        };
        check("photos/cat.jpg", Some(("photos", "cat.jpg")));
        check("/photos/a/b/", Some(("photos", "a/b/")));
        check("photos%2Fcat%201.jpg", Some(("photos", "cat 1.jpg")));
        check("photos/a+b", Some(("photos", "a+b")));
        check("photos/a?versionId=null", Some(("photos", "a")));
        check("photos/a?versionId=7", None);
        check("photos/a%3FversionId=7", Some(("photos", "a?versionId=7")));
        for bad in ["", "/", "photos", "photos/", "/photos", "photos/%ff", "arn:aws:s3:::photos/a"] {
            check(bad, None);
        }
    }
}

//! Condition keys of what writes objects and buckets
//! (<https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html>).

use super::tagging;
use crate::{ApiError, Further};
use access::Resource;
use access::policy::Context;
use objects::Tag;

/// What a request says in headers, by the keys that policies know them by, and the tags in `x-amz-tagging`.
///
/// # Errors
/// `InvalidArgument`: no tags can be read.
pub(super) fn given(headers: &[(&str, Option<&String>)], tags: Option<&String>) -> Result<Context, ApiError> {
    let mut context = Context::new();
    for (key, value) in headers {
        context.set_all(key, *value);
    }
    set_tags(&mut context, tagging::from_header(tags)?.tags());
    Ok(context)
}

/// `s3:RequestObjectTag/*` and `s3:RequestObjectTagKeys`.
pub(super) fn set_tags(context: &mut Context, tags: &[Tag]) {
    for tag in tags {
        context.set(&format!("s3:RequestObjectTag/{}", tag.key), &tag.value);
    }
    context.set_all("s3:RequestObjectTagKeys", tags.iter().map(|tag| &tag.key));
}

/// Whoever writes an object with tags must be allowed to tag it, too.
pub(super) fn tagging_too(resources: Vec<Resource>, tags: &[Tag]) -> Option<Further> {
    let mut conditions = Context::new();
    set_tags(&mut conditions, tags);
    (!tags.is_empty()).then_some(Further { action: "s3:PutObjectTagging", resources, conditions })
}

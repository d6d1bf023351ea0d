use access::policy::Context;

/// Condition keys of `s3:ListBucket`
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html>).
pub(crate) fn listing_conditions(
    prefix: Option<&str>,
    delimiter: Option<&str>,
    max_keys: Option<i32>,
) -> Context {
    let mut context = Context::new();
    let mut set = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            context.set(key, value);
        }
    };
    set("s3:prefix", prefix.map(str::to_owned));
    set("s3:delimiter", delimiter.map(str::to_owned));
    set("s3:max-keys", max_keys.map(|max| max.to_string()));
    context
}

//! Tags that a request brings, as condition keys.

use crate::Further;
use access::Resource;
use access::policy::Context;

/// `aws:RequestTag/*` and `aws:TagKeys`
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html>).
pub(crate) fn requested<'a>(tags: impl IntoIterator<Item = (&'a String, &'a String)>) -> Context {
    let mut context = Context::new();
    let mut keys = Vec::new();
    for (key, value) in tags {
        context.set(&format!("aws:RequestTag/{key}"), value);
        keys.push(key);
    }
    context.set_all("aws:TagKeys", keys);
    context
}

/// The keys alone, of what takes tags away.
pub(crate) fn removed(keys: &[String]) -> Context {
    let mut context = Context::new();
    context.set_all("aws:TagKeys", keys);
    context
}

/// Whoever makes something with tags must be allowed to tag it, too.
pub(crate) fn tagging(action: &'static str, resources: Vec<Resource>, conditions: Context) -> Vec<Further> {
    match conditions.get("aws:TagKeys") {
        Some(_) => vec![Further { action, resources, conditions }],
        None => Vec::new(),
    }
}

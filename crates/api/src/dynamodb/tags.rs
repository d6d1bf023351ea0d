use super::model::Tag;
use crate::tag_conditions;
use access::policy::Context;
use std::collections::BTreeMap;

pub(super) fn read(tags: Option<Vec<Tag>>) -> BTreeMap<String, String> {
    tags.unwrap_or_default().into_iter().map(|Tag { key, value }| (key, value)).collect()
}

pub(super) fn shown(tags: BTreeMap<String, String>) -> Vec<Tag> {
    tags.into_iter().map(|(key, value)| Tag { key, value }).collect()
}

pub(super) fn requested(tags: &[Tag]) -> Context {
    tag_conditions::requested(tags.iter().map(|tag| (&tag.key, &tag.value)))
}

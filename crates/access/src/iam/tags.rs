use super::quotas::{TAG_KEY_CHARS_MAX, TAG_VALUE_CHARS_MAX, TAGS_MAX};
use super::{Holder, Iam, IamError, Page, Paging, page, register};
use kv::{Snapshot, Transaction};
use names::AccountId;
use std::collections::BTreeMap;

pub type Tags = BTreeMap<String, String>;

impl Iam {
    /// TagUser, TagRole: adds tags or changes their values.
    ///
    /// # Errors
    /// `NoSuchEntity`; `InvalidInput` for tags that cannot be; `LimitExceeded` beyond 50.
    pub async fn tag<H: Holder>(
        &self,
        account: AccountId,
        name: String,
        tags: Vec<(String, String)>,
    ) -> Result<(), IamError> {
        check(&tags)?;
        self.transact(async move |tx: &mut Transaction| {
            let mut holder = register::load_to_change::<H>(tx, &account, &name).await?;
            add(&mut holder.identity_mut().tags, tags.clone())?;
            register::save(tx, &holder);
            Ok(())
        })
        .await
    }

    /// UntagUser, UntagRole: those that are not there are no error.
    ///
    /// # Errors
    /// `NoSuchEntity`.
    pub async fn untag<H: Holder>(
        &self,
        account: AccountId,
        name: String,
        keys: Vec<String>,
    ) -> Result<(), IamError> {
        self.transact(async move |tx: &mut Transaction| {
            let mut holder = register::load_to_change::<H>(tx, &account, &name).await?;
            remove(&mut holder.identity_mut().tags, &keys);
            register::save(tx, &holder);
            Ok(())
        })
        .await
    }

    /// ListUserTags, ListRoleTags.
    ///
    /// # Errors
    /// `NoSuchEntity`.
    pub async fn list_tags<H: Holder>(
        &self,
        account: AccountId,
        name: String,
        paging: Paging,
    ) -> Result<Page<(String, String)>, IamError> {
        let read = async move |from: &Snapshot| register::load::<H>(from, &account, &name).await;
        let holder = self.read(read).await?;
        Ok(page_of(&holder.identity().tags, &paging))
    }
}

pub(crate) fn page_of(tags: &Tags, paging: &Paging) -> Page<(String, String)> {
    page::of_names(tags.keys(), paging).map(|key| {
        let value = tags.get(&key).cloned().unwrap_or_default();
        (key, value)
    })
}

/// # Errors
/// As [`check`] and [`add`].
pub(crate) fn new(tags: Vec<(String, String)>) -> Result<Tags, IamError> {
    check(&tags)?;
    let mut all = Tags::new();
    add(&mut all, tags)?;
    Ok(all)
}

/// # Errors
/// `InvalidInput`: a key or value that cannot be, or one key twice; keys differ in more than case.
pub(crate) fn check(tags: &[(String, String)]) -> Result<(), IamError> {
    for (position, (key, value)) in tags.iter().enumerate() {
        if key.is_empty() || key.chars().count() > TAG_KEY_CHARS_MAX {
            return Err(IamError::InvalidInput(format!(
                "The tag key must be between 1 and {TAG_KEY_CHARS_MAX} characters: {key:?}"
            )));
        }
        if value.chars().count() > TAG_VALUE_CHARS_MAX {
            return Err(IamError::InvalidInput(format!(
                "The value of tag {key} must be at most {TAG_VALUE_CHARS_MAX} characters."
            )));
        }
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(IamError::InvalidInput(format!(
                "Tag keys that start with \"aws:\" are reserved for system use: {key}"
            )));
        }
        if tags.iter().take(position).any(|(other, _)| same(other, key)) {
            return Err(IamError::InvalidInput(
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.".to_owned(),
            ));
        }
    }
    Ok(())
}

/// # Errors
/// `LimitExceeded`: more than 50 in all.
pub(crate) fn add(all: &mut Tags, tags: Vec<(String, String)>) -> Result<(), IamError> {
    for (key, value) in tags {
        all.retain(|other, _| !same(other, &key));
        all.insert(key, value);
    }
    if all.len() > TAGS_MAX {
        return Err(IamError::LimitExceeded(format!("Cannot exceed quota for TagsPerResource: {TAGS_MAX}")));
    }
    Ok(())
}

pub(crate) fn remove(all: &mut Tags, keys: &[String]) {
    all.retain(|key, _| !keys.iter().any(|removed| same(removed, key)));
}

fn same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

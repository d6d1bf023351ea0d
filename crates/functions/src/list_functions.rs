use crate::pages::{self, Page};
use crate::{
    Configuration, Described, FunctionId, FunctionRecord, Functions, FunctionsError, Version, keys, lookup,
};
use kv::Snapshot;
use names::key::KeyParts;
use names::{AccountId, FunctionName, Keyspace, Region};

impl Functions {
    /// The functions of an account's region by name, each as `$LATEST`.
    ///
    /// # Errors
    /// The store could not be read.
    pub async fn list_functions(
        &self,
        account: AccountId,
        region: Region,
        marker: Option<String>,
        max: usize,
    ) -> Result<Page<Described>, FunctionsError> {
        self.kv
            .read(async move |snapshot: &Snapshot| {
                let prefix = keys::region(Keyspace::Function, &account, &region);
                let page =
                    pages::by_text::<FunctionRecord>(snapshot, &prefix, marker.as_deref(), max).await?;
                let mut items = Vec::with_capacity(page.items.len());
                for (name, record) in page.items {
                    let id = id_of(&account, &region, &name)?;
                    items.push(latest(id.arn(), id, record));
                }
                Ok(Page { items, next_marker: page.next_marker })
            })
            .await
    }

    /// Every version of every function, qualified. A page ends with a whole function, so it may hold more
    /// than `max`.
    ///
    /// # Errors
    /// The store could not be read.
    pub async fn list_all_versions(
        &self,
        account: AccountId,
        region: Region,
        marker: Option<String>,
        max: usize,
    ) -> Result<Page<Described>, FunctionsError> {
        self.kv
            .read(async move |snapshot: &Snapshot| {
                let prefix = keys::region(Keyspace::Function, &account, &region);
                let page =
                    pages::by_text::<FunctionRecord>(snapshot, &prefix, marker.as_deref(), max).await?;
                let mut items = Vec::new();
                let total = page.items.len();
                let mut cut = None;
                for (index, (name, record)) in page.items.into_iter().enumerate() {
                    let id = id_of(&account, &region, &name)?;
                    items.push(latest(id.qualified_arn(Version::Latest), id.clone(), record));
                    let versions = keys::of(Keyspace::FunctionVersion, &id);
                    for (key, configuration) in
                        kv::range_records::<Configuration>(snapshot, &versions.range(), 10_000).await?
                    {
                        items.push(published(&id, number_in(&key)?, configuration));
                    }
                    if items.len() >= max && index + 1 < total {
                        cut = Some(name);
                        break;
                    }
                }
                Ok(Page { items, next_marker: cut.or(page.next_marker) })
            })
            .await
    }

    /// `$LATEST`, then the published versions by number, all qualified.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn list_versions(
        &self,
        id: FunctionId,
        marker: Option<String>,
        max: usize,
    ) -> Result<Page<Described>, FunctionsError> {
        let after = pages::number_of(marker.as_deref())?;
        self.kv
            .read(async move |snapshot: &Snapshot| {
                let record = lookup::function(snapshot, &id).await?;
                let mut items = Vec::new();
                let versions = keys::of(Keyspace::FunctionVersion, &id);
                let range = match after {
                    Some(number) => versions.range_after(&keys::version(&id, number)),
                    None => {
                        items.push(latest(id.qualified_arn(Version::Latest), id.clone(), record));
                        versions.range()
                    }
                };
                let room = max.saturating_sub(items.len());
                let page = kv::range_records::<Configuration>(snapshot, &range, room + 1).await?;
                let more = page.len() > room;
                let mut last = after.unwrap_or(0);
                for (key, configuration) in page.into_iter().take(room) {
                    last = number_in(&key)?;
                    items.push(published(&id, last, configuration));
                }
                Ok(Page { items, next_marker: more.then(|| last.to_string()) })
            })
            .await
    }
}

fn latest(arn: names::Arn, id: FunctionId, record: FunctionRecord) -> Described {
    Described { arn, id, version: Version::Latest, configuration: record.latest }
}

fn published(id: &FunctionId, number: u64, configuration: Configuration) -> Described {
    let version = Version::Published(number);
    Described { arn: id.qualified_arn(version), id: id.clone(), version, configuration }
}

fn id_of(account: &AccountId, region: &Region, name: &str) -> Result<FunctionId, FunctionsError> {
    let name = FunctionName::parse(name).map_err(|error| FunctionsError::Internal(error.to_string()))?;
    Ok(FunctionId { account: account.clone(), region: region.clone(), name })
}

/// The version number that ends a key of `FunctionVersion`.
fn number_in(key: &[u8]) -> Result<u64, FunctionsError> {
    let read = || {
        let mut parts = KeyParts::of(Keyspace::FunctionVersion, key)?;
        let _function = (parts.text()?, parts.text()?, parts.text()?);
        parts.number()
    };
    read().map_err(|error| FunctionsError::Internal(format!("a key cannot be read: {error}")))
}

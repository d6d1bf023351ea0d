use crate::invoke::Runnable;
use crate::pages::{self, Page};
use crate::{
    AliasRecord, FunctionId, FunctionRecord, Functions, FunctionsError, Version, claims, keys, lookup,
};
use clock::Timestamp;
use kv::{Read, Record, Snapshot, Transaction};
use names::{Keyspace, Qualifier};
use pool::{ProvisionFailure, VersionSpec};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// That a version, or where an alias leads to, has initialised instances.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ProvisionedRecord {
    pub requested: u32,
    pub modified: Timestamp,
}

impl Record for ProvisionedRecord {
    const KIND: &'static str = "provisioned concurrency";
    const VERSION: u8 = 1;
}

/// A setting, and what became of it.
#[derive(Debug, Clone)]
pub struct ProvisionedState {
    pub requested: u32,
    pub allocated: u32,
    pub available: u32,
    pub modified: Timestamp,
    /// Of what is missing.
    pub failure: Option<ProvisionFailure>,
}

const PAGE: usize = 1000;

impl Functions {
    /// Sets how many initialised instances a version or alias has; they are made after this returns.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` for `$LATEST`, a version with SnapStart, an alias with weights, and beyond what
    /// the function or the account may have; `Conflict` when the version has them by another name already.
    pub async fn put_provisioned_concurrency(
        &self,
        id: FunctionId,
        qualifier: Qualifier,
        requested: u32,
    ) -> Result<ProvisionedState, FunctionsError> {
        let modified = self.clock.now();
        let account = self.config.account_concurrency.of(&id.account);
        let function = id.clone();
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let record = lookup::function(tx, &id).await?;
                check_target(tx, &id, &qualifier).await?;
                let text = qualifier.to_string();
                let mut claims = claims::read(tx, &id.account, &id.region).await?;
                claims.set_provisioned(&id, &text, Some(requested));
                if let Some(reserved) = record.reserved_concurrency
                    && claims.provisioned_of(id.name.as_str()) > reserved
                {
                    return Err(FunctionsError::invalid(
                        "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function",
                    ));
                }
                claims.check(account, "ConcurrentExecutions")?;
                claims::write(tx, &id, &claims);
                kv::put_record(tx, keys::provisioned(&id, &text), &ProvisionedRecord { requested, modified });
                Ok(())
            })
            .await?;
        self.provision_soon(function);
        Ok(ProvisionedState { requested, allocated: 0, available: 0, modified, failure: None })
    }

    /// # Errors
    /// `NotFound` for the function or qualifier; `NotProvisioned`.
    pub async fn get_provisioned_concurrency(
        &self,
        id: FunctionId,
        qualifier: Qualifier,
    ) -> Result<ProvisionedState, FunctionsError> {
        let function = id.clone();
        let (record, versions) = self
            .kv
            .read(async move |snapshot: &Snapshot| {
                lookup::check_target(snapshot, &id, Some(&qualifier)).await?;
                let text = qualifier.to_string();
                let record =
                    kv::get_record::<ProvisionedRecord>(snapshot, keys::provisioned(&id, &text)).await?;
                let record = record.ok_or(FunctionsError::NotProvisioned)?;
                let versions = shares(snapshot, &id, &text, record.requested).await?;
                Ok::<_, FunctionsError>((record, versions))
            })
            .await?;
        Ok(self.state(&function, &record, &versions))
    }

    /// With the version or alias of each.
    ///
    /// # Errors
    /// `NotFound` for the function.
    pub async fn list_provisioned_concurrency(
        &self,
        id: FunctionId,
        marker: Option<String>,
        max: usize,
    ) -> Result<Page<(String, ProvisionedState)>, FunctionsError> {
        let function = id.clone();
        let page = self
            .kv
            .read(async move |snapshot: &Snapshot| {
                lookup::function(snapshot, &id).await?;
                let prefix = keys::of(Keyspace::ProvisionedConcurrency, &id);
                let page =
                    pages::by_text::<ProvisionedRecord>(snapshot, &prefix, marker.as_deref(), max).await?;
                let mut items = Vec::with_capacity(page.items.len());
                for (qualifier, record) in page.items {
                    let versions = shares(snapshot, &id, &qualifier, record.requested).await?;
                    items.push((qualifier, record, versions));
                }
                Ok::<_, FunctionsError>(Page { items, next_marker: page.next_marker })
            })
            .await?;
        let items = page.items.into_iter().map(|(qualifier, record, versions)| {
            let state = self.state(&function, &record, &versions);
            (qualifier, state)
        });
        Ok(Page { items: items.collect(), next_marker: page.next_marker })
    }

    /// # Errors
    /// `NotFound` for the function or qualifier; `NotProvisioned`.
    pub async fn delete_provisioned_concurrency(
        &self,
        id: FunctionId,
        qualifier: Qualifier,
    ) -> Result<(), FunctionsError> {
        let function = id.clone();
        self.kv
            .transact(async move |tx: &mut Transaction| {
                lookup::check_target(tx, &id, Some(&qualifier)).await?;
                if forget(tx, &id, &qualifier.to_string()).await? {
                    Ok(())
                } else {
                    Err(FunctionsError::NotProvisioned)
                }
            })
            .await?;
        self.provision_soon(function);
        Ok(())
    }

    /// Lets the pool have what every function here is to have; once, at the start.
    ///
    /// # Errors
    /// The store could not be read.
    pub async fn provision_all(&self) -> Result<(), FunctionsError> {
        let all = names::Key::new(Keyspace::ProvisionedConcurrency);
        let mut range = all.range();
        loop {
            let of_page = range.clone();
            let page = self
                .kv
                .read(async move |snapshot: &Snapshot| {
                    let page = kv::range_records::<ProvisionedRecord>(snapshot, &of_page, PAGE).await?;
                    Ok::<_, FunctionsError>(page)
                })
                .await?;
            let mut functions = HashSet::new();
            for (key, _) in &page {
                functions.insert(keys::function_in(Keyspace::ProvisionedConcurrency, key)?);
            }
            functions.into_iter().for_each(|id| self.provision_soon(id));
            match page.last() {
                Some((key, _)) if page.len() == PAGE => range = all.range_after(key),
                _ => return Ok(()),
            }
        }
    }

    /// Lets the pool have what the function's settings say by then; to be called after every change that
    /// matters to them.
    pub(crate) fn provision_soon(&self, id: FunctionId) {
        let functions = self.clone();
        tokio::spawn(async move {
            // One after the other, or an older state could be told after a newer one.
            let _turn = functions.provisioning.lock().await;
            if let Err(error) = functions.provision(&id).await {
                tracing::error!(function = %id.arn(), %error, "provisioned concurrency is not as configured");
            }
        });
    }

    async fn provision(&self, id: &FunctionId) -> Result<(), FunctionsError> {
        let function = id.clone();
        let wanted = self.kv.read(async move |snapshot: &Snapshot| wanted(snapshot, &function).await).await?;
        let mut versions: Vec<(Arc<VersionSpec>, u32)> = Vec::with_capacity(wanted.len());
        for (runnable, count) in wanted.into_values() {
            versions.push((Arc::new(self.spec(id, runnable).await?), count));
        }
        self.instances.provision(&id.arn().to_string(), versions);
        Ok(())
    }

    fn state(
        &self,
        id: &FunctionId,
        record: &ProvisionedRecord,
        shares: &[(Version, u32)],
    ) -> ProvisionedState {
        let arn = id.arn().to_string();
        let mut state = ProvisionedState {
            requested: record.requested,
            allocated: 0,
            available: 0,
            modified: record.modified,
            failure: None,
        };
        for (version, share) in shares {
            let status = self.instances.provisioned(&arn, &version.to_string());
            state.allocated += status.allocated.min(*share);
            state.available += status.available.min(*share);
            if status.available < *share {
                state.failure = state.failure.or(status.failure);
            }
        }
        state
    }
}

/// Takes the setting away, with its claim; false when there is none.
pub(crate) async fn forget(
    tx: &mut Transaction,
    id: &FunctionId,
    qualifier: &str,
) -> Result<bool, FunctionsError> {
    let key = keys::provisioned(id, qualifier);
    if tx.get(&key).await?.is_none() {
        return Ok(false);
    }
    tx.delete(key);
    let mut claims = claims::read(tx, &id.account, &id.region).await?;
    claims.set_provisioned(id, qualifier, None);
    claims::write(tx, id, &claims);
    Ok(true)
}

/// All that a function's settings ask for, by version.
async fn wanted(
    from: &impl Read,
    id: &FunctionId,
) -> Result<BTreeMap<Version, (Runnable, u32)>, FunctionsError> {
    let mut wanted = BTreeMap::new();
    let Some(record) = kv::get_record::<FunctionRecord>(from, keys::function(id)).await? else {
        return Ok(wanted);
    };
    let settings = keys::of(Keyspace::ProvisionedConcurrency, id).range();
    for (key, setting) in kv::range_records::<ProvisionedRecord>(from, &settings, PAGE).await? {
        let qualifier = keys::qualifier_in(Keyspace::ProvisionedConcurrency, &key)?;
        for (version, share) in shares(from, id, &qualifier, setting.requested).await? {
            if let Some(configuration) = lookup::configuration(from, id, &record, version).await? {
                let runnable = Runnable::of(&record, version, configuration);
                wanted.entry(version).or_insert((runnable, 0)).1 += share;
            }
        }
    }
    Ok(wanted)
}

/// How what was asked for is shared among the versions behind a qualifier: with an alias, by its weights.
async fn shares(
    from: &impl Read,
    id: &FunctionId,
    qualifier: &str,
    requested: u32,
) -> Result<Vec<(Version, u32)>, FunctionsError> {
    Ok(match Qualifier::parse(qualifier) {
        Ok(Qualifier::Version(number)) => vec![(Version::Published(number), requested)],
        Ok(Qualifier::Alias(name)) => match lookup::alias(from, id, &name).await? {
            Some(alias) => alias_shares(&alias, requested),
            None => Vec::new(),
        },
        Ok(Qualifier::Latest) | Err(_) => Vec::new(),
    })
}

fn alias_shares(alias: &AliasRecord, requested: u32) -> Vec<(Version, u32)> {
    let mut left = requested;
    let mut shares = Vec::with_capacity(2);
    for (number, weight) in &alias.weights {
        let share = ((f64::from(requested) * weight).round() as u32).min(left);
        left -= share;
        shares.push((Version::Published(*number), share));
    }
    shares.push((alias.version, left));
    shares
}

fn leads_to(alias: &AliasRecord) -> Vec<Version> {
    alias.weights.keys().map(|number| Version::Published(*number)).chain([alias.version]).collect()
}

/// That an alias that has initialised instances can take them where it leads now.
///
/// # Errors
/// `Invalid` when it cannot; `Conflict` when a version has them by another name already.
pub(crate) async fn check_alias(
    from: &impl Read,
    id: &FunctionId,
    alias: &AliasRecord,
) -> Result<(), FunctionsError> {
    if alias.version == Version::Latest {
        return Err(FunctionsError::invalid("An alias with provisioned concurrency cannot point to $LATEST"));
    }
    let versions = leads_to(alias);
    check_no_snap_start(from, id, &versions).await?;
    check_free(from, id, &alias.name, &versions, TAKEN_FROM_ALIAS).await
}

/// A version has its instances ahead of time in one of the two ways
/// (<https://docs.aws.amazon.com/lambda/latest/dg/snapstart.html#snapstart-runtimes>).
async fn check_no_snap_start(
    from: &impl Read,
    id: &FunctionId,
    versions: &[Version],
) -> Result<(), FunctionsError> {
    let record = lookup::function(from, id).await?;
    for version in versions {
        let configuration = lookup::configuration(from, id, &record, *version).await?;
        if configuration.is_some_and(|configuration| configuration.snap_start) {
            return Err(FunctionsError::invalid(
                "Provisioned Concurrency is not supported for function versions with SnapStart",
            ));
        }
    }
    Ok(())
}

/// # Errors
/// `NotFound`; `Invalid` for what can change, has SnapStart or shares out by weight; `Conflict` when two
/// settings would be of one version.
async fn check_target(
    from: &impl Read,
    id: &FunctionId,
    qualifier: &Qualifier,
) -> Result<(), FunctionsError> {
    let unpublished = || {
        FunctionsError::invalid(
            "Provisioned Concurrency Configs cannot be applied to unpublished function versions.",
        )
    };
    let text = qualifier.to_string();
    let versions: Vec<Version> = match qualifier {
        Qualifier::Latest => return Err(unpublished()),
        Qualifier::Version(_) => {
            vec![lookup::find(from, id, Some(qualifier)).await?.version]
        }
        Qualifier::Alias(name) => {
            let alias = lookup::alias(from, id, name).await?;
            let alias = alias.ok_or_else(|| lookup::missing(id, Some(qualifier)))?;
            if !alias.weights.is_empty() {
                return Err(FunctionsError::invalid(
                    "Alias with weights can not be used with Provisioned Concurrency",
                ));
            }
            leads_to(&alias)
        }
    };
    if versions.contains(&Version::Latest) {
        return Err(unpublished());
    }
    check_no_snap_start(from, id, &versions).await?;
    let taken = match qualifier {
        Qualifier::Alias(_) => TAKEN_FROM_ALIAS,
        _ => "Version is pointed by a Provisioned Concurrency alias",
    };
    check_free(from, id, &text, &versions, taken).await
}

const TAKEN_FROM_ALIAS: &str =
    "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version";

/// A version has one setting at most: its own, or that of one alias. What is provisioned is the version's,
/// whichever way an event comes to it
/// (<https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html>).
///
/// # Errors
/// `Conflict`, saying `taken`, when another name than `qualifier` has a setting for one of `versions`.
async fn check_free(
    from: &impl Read,
    id: &FunctionId,
    qualifier: &str,
    versions: &[Version],
    taken: &str,
) -> Result<(), FunctionsError> {
    let settings = keys::of(Keyspace::ProvisionedConcurrency, id).range();
    for (key, _) in kv::range_records::<ProvisionedRecord>(from, &settings, PAGE).await? {
        let other = keys::qualifier_in(Keyspace::ProvisionedConcurrency, &key)?;
        if other == qualifier {
            continue;
        }
        let others = shares(from, id, &other, 1).await?;
        if others.iter().any(|(version, _)| versions.contains(version)) {
            return Err(FunctionsError::conflict(taken));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_shares_out_by_its_weights() {
        let alias = |weights: &[(u64, f64)]| AliasRecord {
            name: "live".to_owned(),
            version: Version::Published(1),
            weights: weights.iter().copied().collect(),
            description: String::new(),
            revision_id: String::new(),
        };
        let (one, two) = (Version::Published(1), Version::Published(2));
        assert_eq!(alias_shares(&alias(&[]), 5), [(one, 5)]);
        assert_eq!(alias_shares(&alias(&[(2, 0.1)]), 5), [(two, 1), (one, 4)]);
        assert_eq!(alias_shares(&alias(&[(2, 1.0)]), 5), [(two, 5), (one, 0)]);
        assert_eq!(alias_shares(&alias(&[(2, 0.0)]), 5), [(two, 0), (one, 5)]);
    }
}

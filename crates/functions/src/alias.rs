use crate::configuration::check_revision;
use crate::pages::{self, Page};
use crate::{FunctionId, Functions, FunctionsError, Version, keys, lookup, provisioned};
use kv::{Read, Record, Snapshot, Transaction};
use names::{Keyspace, Qualifier};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A name that leads to one version, or by weight to two.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AliasRecord {
    pub name: String,
    pub version: Version,
    /// The share of invocations, 0 to 1, that goes to another version than `version`; at most one.
    pub weights: BTreeMap<u64, f64>,
    pub description: String,
    pub revision_id: String,
}

impl Record for AliasRecord {
    const KIND: &'static str = "alias";
    const VERSION: u8 = 1;
}

/// A new alias, or a change to one: what is `None` stays as it is.
#[derive(Debug, Clone, Default)]
pub struct AliasChange {
    /// `$LATEST` or a number.
    pub version: Option<String>,
    /// By version number; empty takes the weights away.
    pub weights: Option<BTreeMap<String, f64>>,
    pub description: Option<String>,
    pub revision_id: Option<String>,
}

impl AliasRecord {
    /// Whether the alias can lead to version `number`.
    pub(crate) fn names(&self, number: u64) -> bool {
        self.version == Version::Published(number) || self.weights.contains_key(&number)
    }

    /// The version for one invocation; `random` is evenly distributed over all its values.
    pub fn route(&self, random: u64) -> Version {
        // 53 bits are what an f64 holds exactly.
        let mut point = (random >> 11) as f64 / (1_u64 << 53) as f64;
        for (number, weight) in &self.weights {
            if point < *weight {
                return Version::Published(*number);
            }
            point -= weight;
        }
        self.version
    }
}

impl Functions {
    /// # Errors
    /// `NotFound` for the function or a version; `Conflict` when the alias is there; `Invalid`.
    pub async fn create_alias(
        &self,
        id: FunctionId,
        name: String,
        change: AliasChange,
    ) -> Result<AliasRecord, FunctionsError> {
        check_name(&name)?;
        let revision = self.clock.uuid();
        self.kv
            .transact(async move |tx: &mut Transaction| {
                lookup::function(tx, &id).await?;
                if lookup::alias(tx, &id, &name).await?.is_some() {
                    return Err(FunctionsError::Conflict(format!(
                        "Alias already exists: {}",
                        id.qualified_arn(&name)
                    )));
                }
                let blank = AliasRecord {
                    name: name.clone(),
                    version: Version::Latest,
                    weights: BTreeMap::new(),
                    description: String::new(),
                    revision_id: revision.clone(),
                };
                let alias = changed(tx, &id, blank, &change).await?;
                kv::put_record(tx, keys::alias(&id, &name), &alias);
                Ok(alias)
            })
            .await
    }

    /// # Errors
    /// `NotFound`, `Precondition`, `Invalid`; `Conflict` for one with initialised instances that would lead to
    /// a version that has them by another name.
    pub async fn update_alias(
        &self,
        id: FunctionId,
        name: String,
        change: AliasChange,
    ) -> Result<AliasRecord, FunctionsError> {
        let revision = self.clock.uuid();
        let function = id.clone();
        let alias = self
            .kv
            .transact(async move |tx: &mut Transaction| {
                let old = lookup::alias(tx, &id, &name).await?.ok_or_else(|| missing(&id, &name))?;
                check_revision(change.revision_id.as_deref(), &old.revision_id)?;
                let mut alias = changed(tx, &id, old, &change).await?;
                alias.revision_id = revision.clone();
                if tx.get(&keys::provisioned(&id, &name)).await?.is_some() {
                    provisioned::check_alias(tx, &id, &alias).await?;
                }
                kv::put_record(tx, keys::alias(&id, &name), &alias);
                Ok::<_, FunctionsError>(alias)
            })
            .await?;
        // What is provisioned for the alias goes where it leads.
        self.provision_soon(function);
        Ok(alias)
    }

    /// # Errors
    /// `NotFound`.
    pub async fn get_alias(&self, id: FunctionId, name: String) -> Result<AliasRecord, FunctionsError> {
        self.kv
            .read(async move |snapshot: &Snapshot| {
                lookup::alias(snapshot, &id, &name).await?.ok_or_else(|| missing(&id, &name))
            })
            .await
    }

    /// Deletes the alias with its policy, URL and settings; one that is not there is no error.
    ///
    /// # Errors
    /// `NotFound` for the function.
    pub async fn delete_alias(&self, id: FunctionId, name: String) -> Result<(), FunctionsError> {
        let function = id.clone();
        self.kv
            .transact(async move |tx: &mut Transaction| {
                lookup::function(tx, &id).await?;
                crate::function_url::remove(tx, &id, &name).await?;
                tx.delete(keys::alias(&id, &name));
                tx.delete(keys::policy(&id, &name));
                tx.delete(keys::event_invoke(&id, &name));
                provisioned::forget(tx, &id, &name).await?;
                Ok::<_, FunctionsError>(())
            })
            .await?;
        self.provision_soon(function);
        Ok(())
    }

    /// By name; only those that can lead to `version` if one is given (the filter may leave pages short).
    ///
    /// # Errors
    /// `NotFound` for the function.
    pub async fn list_aliases(
        &self,
        id: FunctionId,
        version: Option<Version>,
        marker: Option<String>,
        max: usize,
    ) -> Result<Page<AliasRecord>, FunctionsError> {
        self.kv
            .read(async move |snapshot: &Snapshot| {
                lookup::function(snapshot, &id).await?;
                let prefix = keys::of(Keyspace::FunctionAlias, &id);
                let page = pages::by_text::<AliasRecord>(snapshot, &prefix, marker.as_deref(), max).await?;
                let wanted = |alias: &AliasRecord| match version {
                    None => true,
                    Some(Version::Latest) => alias.version == Version::Latest,
                    Some(Version::Published(number)) => alias.names(number),
                };
                let items = page.items.into_iter().map(|(_, alias)| alias).filter(wanted).collect();
                Ok(Page { items, next_marker: page.next_marker })
            })
            .await
    }
}

/// Applies a change and checks that the versions are there.
async fn changed(
    from: &impl Read,
    id: &FunctionId,
    mut alias: AliasRecord,
    change: &AliasChange,
) -> Result<AliasRecord, FunctionsError> {
    if let Some(version) = &change.version {
        alias.version = parse_version(version)?;
    }
    if let Some(description) = &change.description {
        alias.description.clone_from(description);
    }
    if let Some(weights) = &change.weights {
        alias.weights = checked_weights(weights)?;
    }
    if !alias.weights.is_empty() && alias.version == Version::Latest {
        return Err(FunctionsError::invalid(
            "$LATEST is not supported for an alias pointing to more than 1 version",
        ));
    }
    if let Version::Published(main) = alias.version
        && alias.weights.contains_key(&main)
    {
        return Err(FunctionsError::Invalid(format!(
            "Invalid function version {main}. Function version {main} is already included in routing configuration."
        )));
    }
    for number in alias.weights.keys().copied().chain(match alias.version {
        Version::Published(number) => Some(number),
        Version::Latest => None,
    }) {
        lookup::find(from, id, Some(&Qualifier::Version(number))).await?;
    }
    Ok(alias)
}

fn checked_weights(weights: &BTreeMap<String, f64>) -> Result<BTreeMap<u64, f64>, FunctionsError> {
    if weights.len() > 1 {
        return Err(FunctionsError::invalid(
            "Number of items in AdditionalVersionWeights cannot be greater than 1",
        ));
    }
    weights
        .iter()
        .map(|(version, weight)| match parse_version(version)? {
            Version::Published(number) if (0.0..=1.0).contains(weight) => Ok((number, *weight)),
            Version::Published(_) => Err(FunctionsError::invalid(format!(
                "Invalid value for additional version weight: {weight}. It must be from 0.0 to 1.0"
            ))),
            Version::Latest => Err(FunctionsError::invalid(
                "$LATEST is not supported for an alias pointing to more than 1 version",
            )),
        })
        .collect()
}

/// # Errors
/// `Invalid`: neither `$LATEST` nor a number from 1.
pub fn parse_version(text: &str) -> Result<Version, FunctionsError> {
    match Qualifier::parse(text) {
        Ok(Qualifier::Latest) => Ok(Version::Latest),
        Ok(Qualifier::Version(number)) => Ok(Version::Published(number)),
        _ => Err(FunctionsError::Invalid(format!("not a function version: {text:?}"))),
    }
}

fn check_name(name: &str) -> Result<(), FunctionsError> {
    match Qualifier::parse(name) {
        Ok(Qualifier::Alias(_)) => Ok(()),
        _ => Err(FunctionsError::Invalid(format!(
            "alias name must be 1-128 letters, digits, '-' and '_', and no number, got {name:?}"
        ))),
    }
}

fn missing(id: &FunctionId, name: &str) -> FunctionsError {
    FunctionsError::NotFound(format!("Cannot find alias arn: {}", id.qualified_arn(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alias(weight: f64) -> AliasRecord {
        AliasRecord {
            name: "live".to_owned(),
            version: Version::Published(1),
            weights: BTreeMap::from([(2, weight)]),
            description: String::new(),
            revision_id: String::new(),
        }
    }

    #[test]
    fn weights_share_out_invocations() {
        let clock = clock::Clock::simulated(clock::Timestamp::EPOCH, 11);
        let share = |weight: f64| {
            let alias = alias(weight);
            let second = (0..10_000).filter(|_| alias.route(clock.random_u64()) == Version::Published(2));
            second.count() as f64 / 10_000.0
        };
        assert_eq!(share(0.0), 0.0);
        assert_eq!(share(1.0), 1.0);
        assert!((share(0.25) - 0.25).abs() < 0.02);
    }

    #[test]
    fn the_ends_of_randomness_stay_inside() {
        assert_eq!(alias(1.0).route(u64::MAX), Version::Published(2));
        assert_eq!(alias(0.0).route(0), Version::Published(1));
    }
}

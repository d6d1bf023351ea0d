use crate::{
    AliasRecord, Code, Configuration, FunctionId, Functions, FunctionsError, UrlRecord, Version, claims,
    code, keys, lookup, provisioned,
};
use clock::Timestamp;
use kv::Transaction;
use names::{Keyspace, Qualifier};

/// Entries taken at once from the versions, aliases and settings of a function.
const PAGE: usize = 1000;

impl Functions {
    /// Deletes the function with all its versions, aliases and settings, or one published version.
    /// Events that wait for it are dropped when their turn comes.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` for a version that an alias names; `Invalid` for `$LATEST` and for aliases.
    pub async fn delete_function(
        &self,
        id: FunctionId,
        qualifier: Option<Qualifier>,
    ) -> Result<(), FunctionsError> {
        let now = self.clock.now();
        let (arn, function) = (id.arn(), id.clone());
        let version = match &qualifier {
            Some(Qualifier::Version(number)) => Some(Version::Published(*number)),
            _ => None,
        };
        let old = self
            .kv
            .transact(async move |tx: &mut Transaction| match &qualifier {
                None => delete_all(tx, &id, now).await,
                Some(Qualifier::Version(number)) => delete_version(tx, &id, *number, now).await,
                Some(Qualifier::Latest) => Err(FunctionsError::invalid(
                    "$LATEST version cannot be deleted without deleting the function.",
                )),
                Some(Qualifier::Alias(_)) => Err(FunctionsError::invalid(
                    "A function cannot be deleted by an alias: name the function or a version of it.",
                )),
            })
            .await?;
        self.provision_soon(function);
        self.retire(arn, version, old);
        Ok(())
    }
}

async fn delete_all(
    tx: &mut Transaction,
    id: &FunctionId,
    now: Timestamp,
) -> Result<Vec<Code>, FunctionsError> {
    let record = lookup::function(tx, id).await?;
    let mut old: Vec<Code> = record.latest.codes().cloned().collect();
    let versions = keys::of(Keyspace::FunctionVersion, id);
    loop {
        let page = kv::range_records::<Configuration>(tx, &versions.range(), PAGE).await?;
        for (key, configuration) in &page {
            old.extend(configuration.codes().cloned());
            tx.delete(key);
        }
        if page.len() < PAGE {
            break;
        }
    }
    for code in &old {
        code::release(tx, code, now).await?;
    }
    let urls = kv::range_records::<UrlRecord>(tx, &keys::of(Keyspace::FunctionUrl, id).range(), PAGE).await?;
    for (_, url) in urls {
        tx.delete(keys::url_id(&url.url_id));
    }
    for keyspace in [
        Keyspace::FunctionAlias,
        Keyspace::FunctionPolicy,
        Keyspace::FunctionUrl,
        Keyspace::EventInvokeConfig,
        Keyspace::ProvisionedConcurrency,
    ] {
        while tx.delete_range(&keys::of(keyspace, id).range(), PAGE).await? == PAGE {}
    }
    let mut claims = claims::read(tx, &id.account, &id.region).await?;
    claims.forget(id);
    claims::write(tx, id, &claims);
    tx.delete(keys::function(id));
    Ok(old)
}

async fn delete_version(
    tx: &mut Transaction,
    id: &FunctionId,
    number: u64,
    now: Timestamp,
) -> Result<Vec<Code>, FunctionsError> {
    lookup::function(tx, id).await?;
    let key = keys::version(id, number);
    // Deleting what is not there succeeds, as deploy tools expect of a repeated clean-up.
    let Some(configuration) = kv::get_record::<Configuration>(tx, &key).await? else {
        return Ok(Vec::new());
    };
    let aliases =
        kv::range_records::<AliasRecord>(tx, &keys::of(Keyspace::FunctionAlias, id).range(), PAGE).await?;
    let naming: Vec<String> =
        aliases.into_iter().filter(|(_, alias)| alias.names(number)).map(|(_, alias)| alias.name).collect();
    if !naming.is_empty() {
        return Err(FunctionsError::Conflict(format!(
            "Unable to delete version because the following aliases reference it: [{}]",
            naming.join(", ")
        )));
    }
    let old: Vec<Code> = configuration.codes().cloned().collect();
    for code in &old {
        code::release(tx, code, now).await?;
    }
    tx.delete(&key);
    let qualifier = number.to_string();
    provisioned::forget(tx, id, &qualifier).await?;
    for key in [keys::policy(id, &qualifier), keys::event_invoke(id, &qualifier)] {
        tx.delete(key);
    }
    Ok(old)
}

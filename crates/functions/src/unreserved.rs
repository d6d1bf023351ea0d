use crate::{FunctionsError, claims, keys};
use kv::{Kv, Read, Snapshot, Watch};
use names::{AccountId, Key, Keyspace, Region};
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

/// How much concurrency functions share that reserved nothing, by account and region, kept while no claim on
/// any of it is written.
///
/// Never older than what somebody was told, as with [`crate::remembered::Remembered`].
pub(crate) struct Unreserved {
    watch: Watch,
    known: RwLock<HashMap<(AccountId, Region), Known>>,
}

#[derive(Clone, Copy)]
struct Known {
    /// Of the watch when this was read.
    count: u64,
    unreserved: u32,
    /// Read from a record of claims: without one all functions had to be read.
    recorded: bool,
}

/// Accounts' regions that are kept at once; with one more, all are forgotten.
const REGIONS_MAX: usize = 1024;

impl Unreserved {
    pub fn new(kv: &Kv) -> Self {
        let watch = kv.watch(Key::new(Keyspace::ConcurrencyClaims).as_bytes());
        Unreserved { watch, known: RwLock::default() }
    }

    /// # Errors
    /// The store could not be read.
    pub async fn of(
        &self,
        kv: &Kv,
        account_concurrency: u32,
        account: &AccountId,
        region: &Region,
    ) -> Result<u32, FunctionsError> {
        let count = self.watch.count();
        let key = (account.clone(), region.clone());
        let before = self.known.read().unwrap_or_else(PoisonError::into_inner).get(&key).copied();
        if let Some(known) = before.filter(|known| known.count == count) {
            return Ok(known.unreserved);
        }
        let (account, region) = key.clone();
        let (unreserved, recorded) = kv
            .read(async move |snapshot: &Snapshot| {
                let recorded = snapshot.get(&keys::claims(&account, &region)).await?.is_some();
                // Whatever claims something writes the record: without one, nothing has changed.
                if let Some(known) = before.filter(|known| !recorded && !known.recorded) {
                    return Ok((known.unreserved, false));
                }
                let claims = claims::read(snapshot, &account, &region).await?;
                Ok::<_, FunctionsError>((claims.unreserved(account_concurrency), recorded))
            })
            .await?;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REGIONS_MAX {
            known.clear();
        }
        if known.get(&key).is_none_or(|newer| newer.count <= count) {
            known.insert(key, Known { count, unreserved, recorded });
        }
        Ok(unreserved)
    }
}

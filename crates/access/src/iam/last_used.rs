//! When keys and roles were last used: noted in memory with each request, written once in a while.
//!
//! `kill -9` loses what was noted since the last [`Iam::flush_last_used`]; AWS is hours behind, too.

use super::{Iam, IamError, access_key, keys, register};
use clock::Timestamp;
use kv::{Snapshot, Transaction, get_record, put_record};
use names::AccountId;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// Between two times that what was noted is written.
const FLUSH_EVERY: Duration = Duration::from_secs(60);

/// Keys and roles that are noted between two writes; what comes on top is not.
const NOTED_MAX: usize = 100_000;

/// Records that one transaction writes.
const FLUSHED_AT_ONCE: usize = 256;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastUsed {
    pub at: Timestamp,
    /// The signing name, e.g. `s3`.
    pub service: String,
    pub region: String,
}

impl kv::Record for LastUsed {
    const KIND: &'static str = "last use";
    const VERSION: u8 = 1;
}

/// What was noted and is not written yet, by access key id or unique id of a role.
#[derive(Default)]
pub(crate) struct Noted(Mutex<HashMap<String, LastUsed>>);

impl Noted {
    pub(crate) fn forget(&self, id: &str) {
        self.lock().remove(id);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, LastUsed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Iam {
    /// Notes that a request signed with a key, or by a session of a role, was accepted. `id`: the access key id
    /// or the unique id of the role.
    pub fn used(&self, id: &str, service: &str, region: &str) {
        let at = self.clock().now().truncated_to_seconds();
        let mut noted = self.0.last_used.lock();
        if let Some(last) = noted.get_mut(id) {
            if last.at != at || last.service != service || last.region != region {
                *last = LastUsed { at, service: service.to_owned(), region: region.to_owned() };
            }
        } else if noted.len() < NOTED_MAX {
            let last = LastUsed { at, service: service.to_owned(), region: region.to_owned() };
            noted.insert(id.to_owned(), last);
        }
    }

    /// GetAccessKeyLastUsed: the name of the key's user, and its last use if there was one.
    ///
    /// # Errors
    /// `NoSuchEntity`.
    pub async fn access_key_last_used(
        &self,
        account: AccountId,
        key_id: String,
    ) -> Result<(String, Option<LastUsed>), IamError> {
        let noted = self.0.last_used.lock().get(&key_id).cloned();
        self.read(async move |from: &Snapshot| {
            let user = access_key::user_of(from, &account, &key_id).await?;
            let stored = get_record::<LastUsed>(from, keys::last_used(&key_id)).await?;
            Ok((user, noted.clone().or(stored)))
        })
        .await
    }

    /// The last use of a key or a role.
    ///
    /// # Errors
    /// The store fails.
    pub async fn last_used(&self, id: String) -> Result<Option<LastUsed>, IamError> {
        let noted = self.0.last_used.lock().get(&id).cloned();
        if noted.is_some() {
            return Ok(noted);
        }
        self.read(async move |from: &Snapshot| Ok(get_record(from, keys::last_used(&id)).await?)).await
    }

    /// Writes what was noted again and again until `stop` turns true. The last time is for whoever ends the
    /// server.
    pub async fn keep_last_used(self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow_and_update() {
            tokio::select! {
                () = self.clock().sleep(FLUSH_EVERY) => {}
                // An error means that nobody can stop us any more: go on until dropped.
                Ok(()) = stop.changed() => continue,
            }
            if let Err(error) = self.flush_last_used().await {
                tracing::error!(%error, "when keys and roles were last used could not be kept yet");
            }
        }
    }

    /// Writes what was noted. What cannot be written stays noted.
    ///
    /// # Errors
    /// The store fails.
    pub async fn flush_last_used(&self) -> Result<(), IamError> {
        let noted: Vec<_> =
            self.0.last_used.lock().iter().map(|(id, last)| (id.clone(), last.clone())).collect();
        for chunk in noted.chunks(FLUSHED_AT_ONCE) {
            let written = chunk.to_vec();
            self.transact(async move |tx: &mut Transaction| {
                for (id, last) in &written {
                    // Keys and roles that are gone by now leave nothing.
                    let is_there = match id.starts_with("AKIA") {
                        true => kv::Read::get(tx, &keys::access_key(id)).await?.is_some(),
                        false => register::by_id(tx, id).await?.is_some(),
                    };
                    if is_there {
                        put_record(tx, keys::last_used(id), last);
                    }
                }
                Ok(())
            })
            .await?;
            let mut left = self.0.last_used.lock();
            for (id, last) in chunk {
                if left.get(id) == Some(last) {
                    left.remove(id);
                }
            }
        }
        Ok(())
    }
}

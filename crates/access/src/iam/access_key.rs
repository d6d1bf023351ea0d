//! Access keys of users: at most two each, their secrets sealed at rest and open in memory.

use super::quotas::ACCESS_KEYS_PER_USER_MAX;
use super::{Iam, IamError, IdentityKind, Page, Paging, User, keys, register};
use crate::account::KeyPair;
use crate::{AccessError, IamUser, Secret};
use clock::Timestamp;
use kv::{Kv, Read, Snapshot, Transaction, get_record, put_record, range_records};
use names::{AccountId, Key, Keyspace};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// Keys that are kept in memory: two of each user that the quotas of ten accounts let there be.
const KEYS_MAX: usize = 100_000;

/// An access key without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessKey {
    pub id: String,
    pub user: String,
    pub is_active: bool,
    pub created: Timestamp,
}

/// What an access key stands for, from memory.
#[derive(Debug, Clone)]
pub struct KeyRecord {
    pub account: AccountId,
    pub user: IamUser,
    pub secret: Secret,
    pub is_active: bool,
}

/// An access key at rest; its secret is bound to the key's id.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct AccessKeyRecord {
    pub id: String,
    pub account: AccountId,
    pub user_id: String,
    pub sealed_secret: String,
    pub is_active: bool,
    pub created: Timestamp,
}

impl kv::Record for AccessKeyRecord {
    const KIND: &'static str = "access key of a user";
    const VERSION: u8 = 1;
}

/// Every key of every user, by its id.
#[derive(Default)]
pub(crate) struct KnownKeys(RwLock<HashMap<String, Arc<KeyRecord>>>);

impl Iam {
    /// What `access_key_id` stands for if it is a user's; no I/O.
    pub fn key(&self, access_key_id: &str) -> Option<Arc<KeyRecord>> {
        self.0.keys.0.read().unwrap_or_else(PoisonError::into_inner).get(access_key_id).cloned()
    }

    /// The only time that the secret is told.
    ///
    /// # Errors
    /// `NoSuchEntity`; `LimitExceeded` for a third key.
    pub async fn create_access_key(
        &self,
        account: AccountId,
        user: String,
    ) -> Result<(AccessKey, Secret), IamError> {
        let pair = KeyPair::random(self.clock());
        let (id, secret) = (pair.access_key_id, pair.secret_access_key);
        let sealed = self.0.cipher.seal(self.clock(), &id, secret.expose().as_bytes());
        let sealed = sealed.map_err(|error| IamError::Internal(error.to_string()))?;
        let sealed_secret = crate::credential::encode(&sealed);
        let created = self.clock().now().truncated_to_seconds();
        let key = AccessKey { id, user: user.clone(), is_active: true, created };
        let made = key.clone();
        self.change_keys(async move |tx: &mut Transaction| {
            let mut user = register::load::<User>(tx, &account, &user).await?;
            if user.access_keys.len() >= ACCESS_KEYS_PER_USER_MAX {
                let message =
                    format!("Cannot exceed quota for AccessKeysPerUser: {ACCESS_KEYS_PER_USER_MAX}");
                return Err(IamError::LimitExceeded(message));
            }
            user.access_keys.push(made.id.clone());
            let record = AccessKeyRecord {
                id: made.id.clone(),
                account: account.clone(),
                user_id: user.identity.id.clone(),
                sealed_secret: sealed_secret.clone(),
                is_active: true,
                created,
            };
            put_record(tx, keys::access_key(&made.id), &record);
            register::save(tx, &user);
            Ok((user.identity.id, ()))
        })
        .await?;
        Ok((key, secret))
    }

    /// Makes a key active or inactive; from then on, nothing signed with an inactive one is accepted.
    ///
    /// # Errors
    /// `NoSuchEntity` for the user, or when the key is not its own.
    pub async fn update_access_key(
        &self,
        account: AccountId,
        user: String,
        key_id: String,
        is_active: bool,
    ) -> Result<(), IamError> {
        self.change_keys(async move |tx: &mut Transaction| {
            let user = register::load::<User>(tx, &account, &user).await?;
            let mut record = own_key(tx, &user, &key_id).await?;
            record.is_active = is_active;
            put_record(tx, keys::access_key(&key_id), &record);
            Ok((user.identity.id, ()))
        })
        .await
    }

    /// # Errors
    /// `NoSuchEntity` for the user, or when the key is not its own.
    pub async fn delete_access_key(
        &self,
        account: AccountId,
        user: String,
        key_id: String,
    ) -> Result<(), IamError> {
        let deleted = key_id.clone();
        self.change_keys(async move |tx: &mut Transaction| {
            let mut user = register::load::<User>(tx, &account, &user).await?;
            own_key(tx, &user, &key_id).await?;
            user.access_keys.retain(|id| *id != key_id);
            tx.delete(keys::access_key(&key_id));
            tx.delete(keys::last_used(&key_id));
            register::save(tx, &user);
            Ok((user.identity.id, ()))
        })
        .await?;
        self.0.last_used.forget(&deleted);
        Ok(())
    }

    /// # Errors
    /// `NoSuchEntity`.
    pub async fn list_access_keys(
        &self,
        account: AccountId,
        user: String,
        paging: Paging,
    ) -> Result<Page<AccessKey>, IamError> {
        self.read(async move |from: &Snapshot| {
            let user = register::load::<User>(from, &account, &user).await?;
            let mut found = Vec::new();
            for id in &user.access_keys {
                let AccessKeyRecord { id, is_active, created, .. } = own_key(from, &user, id).await?;
                let key = AccessKey { id, user: user.identity.name.clone(), is_active, created };
                found.push((key.id.clone(), key));
            }
            found.sort_by(|(one, _), (other, _)| one.cmp(other));
            found.retain(|(id, _)| paging.marker.as_ref().is_none_or(|marker| id > marker));
            Ok(Page::cut(found, paging.max))
        })
        .await
    }

    /// Runs a transaction that changes what keys stand for, and answers once memory shows it too.
    ///
    /// `work` answers the unique id of the user. Goes on when the caller goes away, so that what is in memory
    /// can never be older than what is stored.
    pub(crate) async fn change_keys<T, F>(&self, work: F) -> Result<T, IamError>
    where
        F: AsyncFn(&mut Transaction) -> Result<(String, T), IamError> + Send + 'static,
        T: Send + 'static,
    {
        let iam = self.clone();
        let changing = tokio::spawn(async move {
            let _one_at_a_time = iam.0.key_changes.lock().await;
            let (user_id, answer) = iam.transact(work).await?;
            let found = iam.read(async move |from: &Snapshot| {
                let keys = match register::by_id(from, &user_id).await? {
                    None => Vec::new(),
                    Some(id) => records_of(from, &register::load(from, &id.account, &id.name).await?).await?,
                };
                Ok((user_id.clone(), keys))
            });
            let (user_id, records) = found.await?;
            let mut opened = Vec::with_capacity(records.len());
            for (user, record) in &records {
                let known =
                    iam.open_key(user, record).map_err(|error| IamError::Internal(error.to_string()))?;
                opened.push((record.id.clone(), Arc::new(known)));
            }
            let mut known = iam.0.keys.0.write().unwrap_or_else(PoisonError::into_inner);
            known.retain(|_, key| key.user.id != user_id);
            known.extend(opened);
            Ok(answer)
        });
        changing.await.unwrap_or_else(|error| Err(IamError::Internal(error.to_string())))
    }

    /// Reads every key into memory.
    pub(crate) async fn load_keys(&self, kv: &Kv) -> Result<(), AccessError> {
        let range = Key::new(Keyspace::IamAccessKey).range();
        let mut opened = HashMap::new();
        for (_, record) in range_records::<AccessKeyRecord>(kv, &range, KEYS_MAX).await? {
            let failed = |error: IamError| AccessError::Configuration(error.to_string());
            let Some(id) = register::by_id(kv, &record.user_id).await.map_err(failed)? else { continue };
            let user = register::load::<User>(kv, &id.account, &id.name).await.map_err(failed)?;
            opened.insert(record.id.clone(), Arc::new(self.open_key(&user, &record)?));
        }
        *self.0.keys.0.write().unwrap_or_else(PoisonError::into_inner) = opened;
        Ok(())
    }

    fn open_key(&self, user: &User, record: &AccessKeyRecord) -> Result<KeyRecord, AccessError> {
        let sealed = crate::credential::decode(&record.sealed_secret);
        let text = sealed.and_then(|sealed| self.0.cipher.open(&record.id, &sealed));
        let text = text.and_then(|text| String::from_utf8(text).ok());
        Ok(KeyRecord {
            account: user.identity.account.clone(),
            user: IamUser {
                name: user.identity.name.clone(),
                path: user.identity.path.clone(),
                id: user.identity.id.clone(),
            },
            secret: text.map(Secret::new).ok_or_else(|| AccessError::Sealed(record.id.clone()))?,
            is_active: record.is_active,
        })
    }
}

async fn records_of(from: &impl Read, user: &User) -> Result<Vec<(User, AccessKeyRecord)>, IamError> {
    let mut records = Vec::with_capacity(user.access_keys.len());
    for id in &user.access_keys {
        records.push((user.clone(), own_key(from, user, id).await?));
    }
    Ok(records)
}

/// # Errors
/// `NoSuchEntity`: there is no such key, or it is somebody else's.
async fn own_key(from: &impl Read, user: &User, key_id: &str) -> Result<AccessKeyRecord, IamError> {
    let found = get_record::<AccessKeyRecord>(from, keys::access_key(key_id)).await?;
    let own = found.filter(|record| record.user_id == user.identity.id);
    own.ok_or_else(|| unknown(key_id))
}

pub(crate) fn unknown(key_id: &str) -> IamError {
    IamError::NoSuchEntity(format!("The Access Key with id {key_id} cannot be found."))
}

/// The user that has a key.
///
/// # Errors
/// `NoSuchEntity`: there is no such key, or it is another account's.
pub(crate) async fn user_of(from: &impl Read, account: &AccountId, key_id: &str) -> Result<String, IamError> {
    let found = get_record::<AccessKeyRecord>(from, keys::access_key(key_id)).await?;
    let own = found.filter(|record| record.account == *account).ok_or_else(|| unknown(key_id))?;
    match register::by_id(from, &own.user_id).await? {
        Some(id) if id.kind == IdentityKind::User => Ok(id.name),
        _ => Err(unknown(key_id)),
    }
}

//! Accounts that the operator makes, and the keys of their roots.

use crate::account::Account;
use crate::store::{AccessKeyRecord, random_canonical_user_id};
use crate::{Access, AccessError, KeyPair};
use kv::{KvError, Transaction, get_record, put_record};
use names::{AccountId, Key, Keyspace};

/// Keys that the root of an account may have at once, as IAM has it for everybody.
pub const ROOT_KEYS_MAX: usize = 2;

impl Access {
    /// All accounts in order, each with the ids of its root's keys.
    pub fn accounts(&self) -> Vec<(Account, Vec<String>)> {
        let mut accounts = self.read(|directory| {
            let keys_of = |id: &AccountId| {
                let own = directory.keys.iter().filter(|(_, key)| key.account == *id);
                let mut ids: Vec<String> = own.map(|(id, _)| id.clone()).collect();
                ids.sort();
                ids
            };
            directory
                .accounts
                .values()
                .map(|account| (account.clone(), keys_of(&account.id)))
                .collect::<Vec<_>>()
        });
        accounts.sort_by(|(one, _), (other, _)| one.id.cmp(&other.id));
        accounts
    }

    /// Makes an account, and its root's first key: this is the only time that the secret is told.
    ///
    /// # Errors
    /// [`AccessError::Configuration`]: it is stored already; the store or the cipher fails.
    pub async fn create_account(
        &self,
        id: AccountId,
        display_name: Option<String>,
    ) -> Result<KeyPair, AccessError> {
        let _one_at_a_time = self.account_changes().lock().await;
        // One that the configuration names stays who it is.
        let known = self.account(&id);
        let account = Account {
            canonical_user_id: known.as_ref().map_or_else(
                || random_canonical_user_id(self.clock()),
                |known| known.canonical_user_id.clone(),
            ),
            display_name: display_name
                .or_else(|| known.map(|known| known.display_name))
                .unwrap_or_else(|| id.to_string()),
            created: self.clock().now(),
            id,
        };
        let (key, record) = self.sealed_key(&account.id)?;
        let stored = account.clone();
        let made = self
            .kv()
            .transact(async move |tx: &mut Transaction| {
                let at = Key::new(Keyspace::Account).text(stored.id.as_str());
                if get_record::<Account>(tx, &at).await?.is_some() {
                    return Ok::<bool, KvError>(false);
                }
                put_record(tx, at, &stored);
                put_record(tx, Key::new(Keyspace::AccessKey).text(&record.access_key_id), &record);
                Ok(true)
            })
            .await?;
        if !made {
            return Err(AccessError::Configuration(format!("account {} is there already", account.id)));
        }
        self.learn(Some(account.clone()), &account.id, &key);
        Ok(key)
    }

    /// Another key of an account's root: this is the only time that the secret is told.
    ///
    /// # Errors
    /// [`AccessError::Configuration`]: there is no such account, or its root has two; the store or the cipher fails.
    pub async fn new_root_key(&self, id: &AccountId) -> Result<KeyPair, AccessError> {
        let _one_at_a_time = self.account_changes().lock().await;
        let stored = self.stored(id).await?;
        let keys = self.read(|directory| directory.keys.values().filter(|key| key.account == *id).count());
        if keys >= ROOT_KEYS_MAX {
            let message = format!("account {id}: its root has {keys} keys; delete one first");
            return Err(AccessError::Configuration(message));
        }
        let (key, record) = self.sealed_key(id)?;
        self.kv()
            .transact(async move |tx: &mut Transaction| {
                put_record(tx, Key::new(Keyspace::AccessKey).text(&record.access_key_id), &record);
                Ok::<_, KvError>(())
            })
            .await?;
        self.learn(stored, id, &key);
        Ok(key)
    }

    /// Deletes a key of an account's root; from now on it is nobody's.
    ///
    /// # Errors
    /// [`AccessError::Configuration`]: there is no such key, the configuration names it, or it is the last one of
    /// the account that the server itself is; the store fails.
    pub async fn delete_root_key(&self, access_key_id: &str) -> Result<(), AccessError> {
        let _one_at_a_time = self.account_changes().lock().await;
        let refused =
            |why: &str| Err(AccessError::Configuration(format!("access key {access_key_id} {why}")));
        let at = Key::new(Keyspace::AccessKey).text(access_key_id);
        let Some(record) = get_record::<AccessKeyRecord>(self.kv(), &at).await? else {
            return refused("is none that is kept here");
        };
        if self.root_key().is_some_and(|key| key.access_key_id == record.access_key_id) {
            return refused("is the one in DATA/credentials");
        }
        self.kv()
            .transact(async move |tx: &mut Transaction| {
                tx.delete(at.clone());
                Ok::<_, KvError>(())
            })
            .await?;
        self.forget_key(access_key_id);
        Ok(())
    }

    /// The account's record, which one that only the configuration names does not have.
    async fn stored(&self, id: &AccountId) -> Result<Option<Account>, AccessError> {
        let at = Key::new(Keyspace::Account).text(id.as_str());
        match get_record::<Account>(self.kv(), &at).await? {
            Some(account) => Ok(Some(account)),
            None => Err(AccessError::Configuration(format!("there is no account {id}; create it first"))),
        }
    }
}

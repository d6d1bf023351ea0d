//! What an account has as a whole: its alias, and how much of everything.

use super::{Iam, IamError, aws_managed, keys, register};
use kv::{Snapshot, Transaction, get_record, put_record};
use names::AccountId;
use serde::{Deserialize, Serialize};

/// Whose an alias is: aliases are unique among all accounts.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct AliasRecord {
    account: AccountId,
}

impl kv::Record for AliasRecord {
    const KIND: &'static str = "account alias";
    const VERSION: u8 = 1;
}

/// How much of everything an account has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountCounts {
    pub users: u64,
    pub groups: u64,
    pub roles: u64,
    pub policies: u64,
    /// Of all managed policies of the account together.
    pub policy_versions: u64,
}

impl Iam {
    /// Gives an account an alias, in place of the one that it had.
    ///
    /// # Errors
    /// `EntityAlreadyExists`: another account has it.
    pub async fn create_account_alias(&self, account: AccountId, alias: String) -> Result<(), IamError> {
        self.transact(async move |tx: &mut Transaction| {
            let key = keys::alias(&alias);
            if let Some(taken) = get_record::<AliasRecord>(tx, &key).await? {
                return match taken.account == account {
                    true => Ok(()),
                    false => {
                        let message = format!("The account alias {alias} already exists.");
                        Err(IamError::EntityAlreadyExists(message))
                    }
                };
            }
            let mut facts = register::account_record(tx, &account).await?;
            if let Some(old) = facts.alias.replace(alias.clone()) {
                tx.delete(keys::alias(&old));
            }
            put_record(tx, key, &AliasRecord { account: account.clone() });
            put_record(tx, keys::account(&account), &facts);
            Ok(())
        })
        .await
    }

    /// # Errors
    /// `NoSuchEntity`.
    pub async fn delete_account_alias(&self, account: AccountId, alias: String) -> Result<(), IamError> {
        self.transact(async move |tx: &mut Transaction| {
            let mut facts = register::account_record(tx, &account).await?;
            if facts.alias.as_ref() != Some(&alias) {
                let message = format!("The account alias with name {alias} cannot be found.");
                return Err(IamError::NoSuchEntity(message));
            }
            facts.alias = None;
            tx.delete(keys::alias(&alias));
            put_record(tx, keys::account(&account), &facts);
            Ok(())
        })
        .await
    }

    /// # Errors
    /// The store fails.
    pub async fn account_alias(&self, account: AccountId) -> Result<Option<String>, IamError> {
        let read = async move |from: &Snapshot| register::account_record(from, &account).await;
        Ok(self.read(read).await?.alias)
    }

    /// # Errors
    /// The store fails.
    pub async fn account_counts(&self, account: AccountId) -> Result<AccountCounts, IamError> {
        let read = async move |from: &Snapshot| register::account_record(from, &account).await;
        let facts = self.read(read).await?;
        Ok(AccountCounts {
            users: facts.users,
            groups: facts.groups,
            roles: facts.roles,
            policies: facts.policies,
            policy_versions: facts.policy_versions,
        })
    }

    /// Whether AWS keeps the policy that has an ARN, for every account.
    pub fn is_aws_managed(arn: &str) -> bool {
        aws_managed::find(arn).is_some()
    }
}

//! ```text
//! IamUser         account name                           User
//! IamGroup        account name                           Group
//! IamRole         account name                           Role
//! IamPolicy       account name                           PolicyRecord
//! IamName         account kind lower-case name           NameRecord
//! IamId           unique id                              IdRecord
//! IamInlinePolicy unique id of its holder, policy name   PolicyText
//! IamPolicyText   unique id of a policy, version         PolicyText
//! IamPolicyUse    account policy-ARN                     UseRecord
//! IamPolicyUser   account policy-ARN use kind name       IdRecord
//! IamMember       unique id of a group, user name        IdRecord
//! IamAccessKey    access key id                          AccessKeyRecord
//! IamLastUsed     access key id, or unique id of a role  LastUsed
//! IamAccount      account                                AccountRecord
//! IamAlias        alias                                  AliasRecord
//! IamDeletion     account task id                        Deletion
//! IamOidcProvider account URL                            OidcProvider
//! ```

use super::IdentityKind;
use super::managed_policy::Usage;
use names::{AccountId, Key, Keyspace};

pub(crate) fn all(keyspace: Keyspace, account: &AccountId) -> Key {
    Key::new(keyspace).text(account.as_str())
}

pub(crate) fn identity(kind: IdentityKind, account: &AccountId, name: &str) -> Key {
    all(kind.keyspace(), account).text(name)
}

pub(crate) fn policy(account: &AccountId, name: &str) -> Key {
    all(Keyspace::IamPolicy, account).text(name)
}

/// `kind`: the word of an [`IdentityKind`], or `policy`.
pub(crate) fn name(account: &AccountId, kind: &str, name: &str) -> Key {
    all(Keyspace::IamName, account).text(kind).text(name.to_lowercase())
}

pub(crate) fn id(id: &str) -> Key {
    Key::new(Keyspace::IamId).text(id)
}

pub(crate) fn inline(holder_id: &str, policy: &str) -> Key {
    Key::new(Keyspace::IamInlinePolicy).text(holder_id).text(policy)
}

pub(crate) fn policy_text(policy_id: &str, version: u32) -> Key {
    Key::new(Keyspace::IamPolicyText).text(policy_id).number(u64::from(version))
}

pub(crate) fn policy_use(account: &AccountId, arn: &str) -> Key {
    all(Keyspace::IamPolicyUse, account).text(arn)
}

pub(crate) fn policy_users(account: &AccountId, arn: &str, usage: Usage) -> Key {
    all(Keyspace::IamPolicyUser, account).text(arn).text(usage.word())
}

pub(crate) fn policy_user(
    account: &AccountId,
    arn: &str,
    usage: Usage,
    kind: IdentityKind,
    name: &str,
) -> Key {
    policy_users(account, arn, usage).text(kind.word()).text(name)
}

pub(crate) fn account(account: &AccountId) -> Key {
    all(Keyspace::IamAccount, account)
}

/// `of`: an access key id, or the unique id of a role.
pub(crate) fn last_used(of: &str) -> Key {
    Key::new(Keyspace::IamLastUsed).text(of)
}

pub(crate) fn members(group_id: &str) -> Key {
    Key::new(Keyspace::IamMember).text(group_id)
}

pub(crate) fn member(group_id: &str, user: &str) -> Key {
    members(group_id).text(user)
}

pub(crate) fn providers(account: &AccountId) -> Key {
    all(Keyspace::IamOidcProvider, account)
}

pub(crate) fn provider(account: &AccountId, url: &str) -> Key {
    providers(account).text(url)
}

pub(crate) fn access_key(id: &str) -> Key {
    Key::new(Keyspace::IamAccessKey).text(id)
}

pub(crate) fn alias(alias: &str) -> Key {
    Key::new(Keyspace::IamAlias).text(alias)
}

//! Small records that only the store itself reads.

use super::IdentityKind;
use names::AccountId;
use serde::{Deserialize, Serialize};

/// A name as it was given, found by its lower-case form.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct NameRecord {
    pub name: String,
}

impl kv::Record for NameRecord {
    const KIND: &'static str = "IAM name";
    const VERSION: u8 = 1;
}

/// Who has a unique id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct IdRecord {
    pub account: AccountId,
    pub kind: IdentityKind,
    pub name: String,
    pub id: String,
}

impl kv::Record for IdRecord {
    const KIND: &'static str = "IAM id";
    const VERSION: u8 = 1;
}

/// A policy's text as it was given.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PolicyText {
    pub text: String,
}

impl kv::Record for PolicyText {
    const KIND: &'static str = "policy text";
    const VERSION: u8 = 1;
}

/// How much of everything an account has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AccountRecord {
    pub users: u64,
    pub groups: u64,
    pub roles: u64,
    pub policies: u64,
    /// Of all managed policies together.
    pub policy_versions: u64,
    pub alias: Option<String>,
}

impl kv::Record for AccountRecord {
    const KIND: &'static str = "IAM account";
    const VERSION: u8 = 1;
}

impl AccountRecord {
    pub(crate) fn count_mut(&mut self, kind: IdentityKind) -> &mut u64 {
        match kind {
            IdentityKind::User => &mut self.users,
            IdentityKind::Group => &mut self.groups,
            IdentityKind::Role => &mut self.roles,
        }
    }
}

use super::quotas;
use clock::Timestamp;
use names::{AccountId, Keyspace};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What policies can be attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IdentityKind {
    User,
    Group,
    Role,
}

impl IdentityKind {
    /// As in ARNs and in the middle of a message.
    pub fn word(self) -> &'static str {
        match self {
            IdentityKind::User => "user",
            IdentityKind::Group => "group",
            IdentityKind::Role => "role",
        }
    }

    /// As at the beginning of a message and in the names of quotas.
    pub(crate) fn title(self) -> &'static str {
        match self {
            IdentityKind::User => "User",
            IdentityKind::Group => "Group",
            IdentityKind::Role => "Role",
        }
    }

    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids>
    pub(crate) fn id_prefix(self) -> &'static str {
        match self {
            IdentityKind::User => "AIDA",
            IdentityKind::Group => "AGPA",
            IdentityKind::Role => "AROA",
        }
    }

    pub(crate) fn keyspace(self) -> Keyspace {
        match self {
            IdentityKind::User => Keyspace::IamUser,
            IdentityKind::Group => Keyspace::IamGroup,
            IdentityKind::Role => Keyspace::IamRole,
        }
    }

    pub(crate) fn inline_chars_max(self) -> usize {
        match self {
            IdentityKind::User => quotas::USER_INLINE_CHARS_MAX,
            IdentityKind::Group => quotas::GROUP_INLINE_CHARS_MAX,
            IdentityKind::Role => quotas::ROLE_INLINE_CHARS_MAX,
        }
    }
}

/// What users, groups and roles have in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    pub account: AccountId,
    pub kind: IdentityKind,
    /// Begins and ends with `/`.
    pub path: String,
    pub name: String,
    /// `AIDA`, `AGPA` or `AROA` and 17 of `A-Z2-7`; never given to anybody else, whatever the name is.
    pub id: String,
    pub created: Timestamp,
    pub tags: BTreeMap<String, String>,
    /// Inline policies by name, with their sizes as quotas count them.
    pub inline: BTreeMap<String, usize>,
    /// ARNs of the managed policies that are attached.
    pub attached: BTreeSet<String>,
    /// ARN of the managed policy that bounds what the others allow; groups have none.
    pub boundary: Option<String>,
}

impl Identity {
    pub fn arn(&self) -> String {
        let Identity { account, kind, path, name, .. } = self;
        format!("arn:aws:iam::{account}:{}{path}{name}", kind.word())
    }
}

/// A user, a group or a role: a record that has an [`Identity`].
pub trait Holder: kv::Record + Clone + Send + Sync + 'static {
    const KIND: IdentityKind;

    fn identity(&self) -> &Identity;
    fn identity_mut(&mut self) -> &mut Identity;
}

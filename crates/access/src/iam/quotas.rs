//! IAM's quotas: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>.
//!
//! Sizes of policies are in characters that are not white space, as IAM counts them.

/// Per account.
pub const USERS_MAX: u64 = 5_000;
pub const GROUPS_MAX: u64 = 300;
pub const ROLES_MAX: u64 = 1_000;
pub const POLICIES_MAX: u64 = 1_500;
/// Of all policies of an account together.
pub const POLICY_VERSIONS_IN_USE_MAX: u64 = 10_000;

/// Per managed policy.
pub const POLICY_VERSIONS_MAX: usize = 5;
pub const POLICY_CHARS_MAX: usize = 6_144;

/// Managed policies per user, group or role.
pub const ATTACHED_MAX: usize = 10;
/// Inline policies of one user, group or role together.
pub const USER_INLINE_CHARS_MAX: usize = 2_048;
pub const GROUP_INLINE_CHARS_MAX: usize = 5_120;
pub const ROLE_INLINE_CHARS_MAX: usize = 10_240;
pub const TRUST_POLICY_CHARS_MAX: usize = 2_048;

pub const GROUPS_PER_USER_MAX: usize = 10;
pub const ACCESS_KEYS_PER_USER_MAX: usize = 2;
pub const TAGS_MAX: usize = 50;
pub const TAG_KEY_CHARS_MAX: usize = 128;
pub const TAG_VALUE_CHARS_MAX: usize = 256;

pub const SESSION_SECONDS_MIN: u32 = 3_600;
pub const SESSION_SECONDS_MAX: u32 = 43_200;

/// How long a policy is, as quotas count it.
pub(crate) fn policy_chars(text: &str) -> usize {
    text.chars().filter(|character| !character.is_whitespace()).count()
}

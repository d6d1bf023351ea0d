//! What an account is told of itself.

use crate::{ApiError, Call};
use access::Resource;
use access::iam::{AccountCounts, quotas};
use names::Arn;
use std::collections::BTreeMap;

/// Operations on an account as a whole know no narrower resource than everything of it.
///
/// # Errors
/// Never, for any account.
pub(super) fn everything(call: &Call) -> Result<Vec<Resource>, ApiError> {
    let arn = Arn::parse(&format!("arn:aws:iam::{}:*", call.account)).map_err(ApiError::internal)?;
    Ok(vec![Resource::new(arn)])
}

/// Of what Zerun does not have (passwords, devices, certificates, instance profiles) there is none.
pub(super) fn summary(counts: &AccountCounts, has_root_key: bool) -> BTreeMap<String, i32> {
    let of_counts = [
        ("Users", counts.users),
        ("Groups", counts.groups),
        ("Roles", counts.roles),
        ("Policies", counts.policies),
        ("PolicyVersionsInUse", counts.policy_versions),
        ("UsersQuota", quotas::USERS_MAX),
        ("GroupsQuota", quotas::GROUPS_MAX),
        ("RolesQuota", quotas::ROLES_MAX),
        ("PoliciesQuota", quotas::POLICIES_MAX),
        ("PolicyVersionsInUseQuota", quotas::POLICY_VERSIONS_IN_USE_MAX),
        ("AccountAccessKeysPresent", u64::from(has_root_key)),
    ];
    let of_sizes = [
        ("AccessKeysPerUserQuota", quotas::ACCESS_KEYS_PER_USER_MAX),
        ("AssumeRolePolicySizeQuota", quotas::TRUST_POLICY_CHARS_MAX),
        ("AttachedPoliciesPerGroupQuota", quotas::ATTACHED_MAX),
        ("AttachedPoliciesPerRoleQuota", quotas::ATTACHED_MAX),
        ("AttachedPoliciesPerUserQuota", quotas::ATTACHED_MAX),
        ("GroupPolicySizeQuota", quotas::GROUP_INLINE_CHARS_MAX),
        ("GroupsPerUserQuota", quotas::GROUPS_PER_USER_MAX),
        ("PolicySizeQuota", quotas::POLICY_CHARS_MAX),
        ("RolePolicySizeQuota", quotas::ROLE_INLINE_CHARS_MAX),
        ("UserPolicySizeQuota", quotas::USER_INLINE_CHARS_MAX),
        ("VersionsPerPolicyQuota", quotas::POLICY_VERSIONS_MAX),
    ];
    let none = [
        "AccountMFAEnabled",
        "AccountSigningCertificatesPresent",
        "InstanceProfiles",
        "MFADevices",
        "MFADevicesInUse",
        "ServerCertificates",
    ];
    let of_counts = of_counts.map(|(name, count)| (name, i32::try_from(count).unwrap_or(i32::MAX)));
    let of_sizes = of_sizes.map(|(name, size)| (name, i32::try_from(size).unwrap_or(i32::MAX)));
    let all = of_counts.into_iter().chain(of_sizes).chain(none.map(|name| (name, 0)));
    all.map(|(name, value)| (name.to_owned(), value)).collect()
}

//! Managed policies that AWS keeps and every account has: a table, with each document in a file of its own.
//!
//! Their texts, versions and dates are AWS's
//! (<https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html>); only the one version
//! that was the default is kept, and a policy is as old as that. Their unique ids are our own.

mod table;

use super::PolicyVersion;
use super::managed_policy::{ManagedPolicy, UseRecord};
use crate::principal::base32;
use clock::Timestamp;
use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

pub(crate) const ARN_PREFIX: &str = "arn:aws:iam::aws:policy";

/// A line of the table.
pub(crate) struct Line {
    pub path: &'static str,
    pub name: &'static str,
    pub version: u32,
    /// When AWS made the version: `2015-04-09T15:03:43Z`.
    pub made: &'static str,
    pub text: &'static str,
}

#[derive(Debug)]
pub(crate) struct AwsManaged {
    pub arn: String,
    name: &'static str,
    path: &'static str,
    version: u32,
    made: Timestamp,
    pub text: &'static str,
}

pub(crate) fn all() -> impl Iterator<Item = &'static AwsManaged> {
    table().values()
}

pub(crate) fn find(arn: &str) -> Option<&'static AwsManaged> {
    arn.starts_with(ARN_PREFIX).then(|| table().get(arn)).flatten()
}

fn table() -> &'static HashMap<String, AwsManaged> {
    static TABLE: LazyLock<HashMap<String, AwsManaged>> = LazyLock::new(|| {
        let policies = table::LINES.iter().map(|line| AwsManaged {
            arn: format!("{ARN_PREFIX}{}{}", line.path, line.name),
            name: line.name,
            path: line.path,
            version: line.version,
            made: Timestamp::parse_iso8601(line.made).unwrap_or_default(),
            text: line.text,
        });
        policies.map(|policy| (policy.arn.clone(), policy)).collect()
    });
    &TABLE
}

impl AwsManaged {
    /// Policies under this path are for service-linked roles alone.
    pub(crate) fn is_attachable(&self) -> bool {
        self.path != super::SERVICE_LINKED_PATH
    }

    pub(crate) fn with_uses(&self, uses: &UseRecord) -> ManagedPolicy {
        ManagedPolicy {
            arn: self.arn.clone(),
            name: self.name.to_owned(),
            path: self.path.to_owned(),
            id: self.id(),
            description: None,
            created: self.made,
            updated: self.made,
            default_version: self.version,
            tags: BTreeMap::new(),
            attachments: uses.attachments,
            boundary_uses: uses.boundaries,
            is_attachable: self.is_attachable(),
            is_aws_managed: true,
        }
    }

    /// Only the default version is there.
    pub(crate) fn versions(&self) -> Vec<PolicyVersion> {
        let version = self.version;
        vec![PolicyVersion { version, is_default: true, created: self.made, text: None }]
    }

    pub(crate) fn version(&self, number: u32) -> Option<PolicyVersion> {
        (number == self.version).then(|| PolicyVersion {
            version: number,
            is_default: true,
            created: self.made,
            text: Some(self.text.to_owned()),
        })
    }

    /// Always the same for one ARN.
    fn id(&self) -> String {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, self.arn.as_bytes());
        "ANPA".chars().chain(digest.as_ref().iter().take(17).map(|byte| base32(*byte))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{PolicyDocument, PolicyKind};

    #[test]
    fn every_line_is_a_policy_of_its_own() {
        assert_eq!(all().count(), table::LINES.len());
        for policy in all() {
            assert!(PolicyDocument::parse(policy.text, PolicyKind::Identity).is_ok(), "{}", policy.arn);
            assert!(policy.made > Timestamp::EPOCH, "{}", policy.arn);
        }
    }
}

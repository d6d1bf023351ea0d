//! Where a function's code may connect to: said by a tag, which every tool that deploys functions can set.

use crate::{Config, FunctionsError};
use ::egress::Policy;
use std::collections::BTreeMap;

/// Its value is an [`::egress::Policy`] as text.
pub const EGRESS_TAG: &str = "zerun:egress";

/// # Errors
/// `Invalid`: the tag says nothing that can be understood, or asks for what the operator does not give.
pub(crate) fn check(config: &Config, tags: &BTreeMap<String, String>) -> Result<(), FunctionsError> {
    let refused = |error| FunctionsError::Invalid(format!("tag {EGRESS_TAG}: {error}"));
    let policy = policy(config, tags.get(EGRESS_TAG).map(String::as_str))?;
    config.egress.bounds.admit(&policy).map_err(refused)
}

/// # Errors
/// `Invalid`: the tag says nothing that can be understood.
pub(crate) fn policy(config: &Config, tag: Option<&str>) -> Result<Policy, FunctionsError> {
    match tag {
        None => Ok(config.egress.default.clone()),
        Some(text) => {
            text.parse().map_err(|error| FunctionsError::Invalid(format!("tag {EGRESS_TAG}: {error}")))
        }
    }
}

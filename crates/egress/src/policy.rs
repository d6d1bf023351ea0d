use crate::rule::{Place, Rule};
use crate::{Cidr, reach};
use std::fmt;
use std::str::FromStr;

/// Where the code in one sandbox may connect to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Policy {
    /// Every public address, and nothing private.
    #[default]
    Internet,
    /// Nothing, not even the names of things.
    None,
    /// What a rule opens, and only that; names that no rule opens are not resolved.
    Allow(Vec<Rule>),
}

/// What is wrong with a policy, fit to be shown to whoever wrote it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PolicyError(pub(crate) String);

/// What no policy can go beyond: the operator's word.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Private addresses, and those of this machine itself, that allow-lists may open. Loopback, link-local
    /// and multicast addresses cannot be opened.
    pub allow_private: Vec<Cidr>,
    /// Never reached, whatever else is said: the public address of this machine behind a translator, say.
    pub deny: Vec<Cidr>,
}

const RULES_MAX: usize = 256;

/// `internet`, `none`, or `allow:` and rules (see [`Rule`]) between spaces or commas. It is written with
/// spaces, since commas and `*` cannot stand in the values of AWS's tags.
impl FromStr for Policy {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        match text.trim() {
            "internet" => return Ok(Policy::Internet),
            "none" => return Ok(Policy::None),
            _ => {}
        }
        let rules = text.trim().strip_prefix("allow:").ok_or_else(|| {
            PolicyError(format!(
                "{text:?} is no egress policy: it is internet, none, or allow: and host names, .names for all \
                 below them, or address blocks, each with :port if need be, between spaces"
            ))
        })?;
        let rules = rules.split([',', ' ']).filter(|rule| !rule.is_empty());
        let rules = rules.map(str::parse).collect::<Result<Vec<Rule>, _>>()?;
        match rules.len() {
            0 => Err(PolicyError("allow: names nothing; none is the policy that opens nothing".to_owned())),
            1..=RULES_MAX => Ok(Policy::Allow(rules)),
            _ => Err(PolicyError(format!("more than {RULES_MAX} rules"))),
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Policy::Internet => f.write_str("internet"),
            Policy::None => f.write_str("none"),
            Policy::Allow(rules) => {
                f.write_str("allow:")?;
                rules
                    .iter()
                    .enumerate()
                    .try_for_each(|(index, rule)| write!(f, "{}{rule}", if index == 0 { "" } else { " " }))
            }
        }
    }
}

impl Bounds {
    /// # Errors
    /// `allow_private` names what cannot be opened.
    pub fn check(&self) -> Result<(), PolicyError> {
        match self.allow_private.iter().find(|block| !reach::can_be_opened(block)) {
            None => Ok(()),
            Some(block) => Err(PolicyError(format!(
                "{block} cannot be opened: loopback, link-local, multicast and embedded addresses never are"
            ))),
        }
    }

    /// # Errors
    /// `policy` asks for what the operator does not give.
    pub fn admit(&self, policy: &Policy) -> Result<(), PolicyError> {
        let Policy::Allow(rules) = policy else { return Ok(()) };
        let blocks = rules.iter().filter_map(|rule| match &rule.place {
            Place::Block(block) => Some(block),
            Place::Name(_) | Place::Below(_) => None,
        });
        for block in blocks {
            if self.deny.iter().any(|denied| denied.covers(block)) {
                return Err(PolicyError(format!("{block} is closed by this server's egress.deny")));
            }
            let opened = self.allow_private.iter().any(|opened| opened.overlaps(block));
            if reach::is_wholly_private(block) && !(opened && reach::can_be_opened(block)) {
                return Err(PolicyError(format!(
                    "{block} is private, and this server's egress.allow_private does not open it"
                )));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_read_and_written() {
        for (text, written) in [
            ("internet", "internet"),
            (" none ", "none"),
            ("allow:api.example.com:443,10.1.2.0/24", "allow:api.example.com:443 10.1.2.0/24"),
            ("allow: .example.com  8.8.8.8:53", "allow:.example.com 8.8.8.8/32:53"),
        ] {
            let policy: Policy = text.parse().unwrap();
            assert_eq!(policy.to_string(), written);
            assert_eq!(written.parse::<Policy>().unwrap(), policy);
        }
        for text in
            ["", "all", "Internet", "allow", "allow:", "allow:,", "allow:a..b", "deny:x", "none,internet"]
        {
            assert!(text.parse::<Policy>().is_err(), "{text}");
        }
        assert!(format!("allow:{}", "a,".repeat(257)).parse::<Policy>().is_err());
    }

    #[test]
    fn the_operator_bounds_what_lists_open() {
        let block = |text: &str| text.parse::<Cidr>().unwrap();
        let bounds = Bounds { allow_private: vec![block("10.1.0.0/16")], deny: vec![block("8.8.0.0/16")] };
        bounds.check().unwrap();
        for (policy, names) in [
            ("internet", None),
            ("none", None),
            ("allow:10.1.2.0/24", None),
            ("allow:0.0.0.0/0:443", None),
            ("allow:db.internal", None),
            ("allow:10.2.0.0/16", Some("allow_private")),
            ("allow:127.0.0.1", Some("allow_private")),
            ("allow:169.254.169.254", Some("allow_private")),
            ("allow:8.8.8.8", Some("deny")),
        ] {
            let refused = bounds.admit(&policy.parse().unwrap()).err().map(|error| error.to_string());
            assert_eq!(refused.is_some(), names.is_some(), "{policy}: {refused:?}");
            assert!(refused.unwrap_or_default().contains(names.unwrap_or_default()), "{policy}");
        }
        let wrong = Bounds { allow_private: vec![block("127.0.0.0/8")], ..Bounds::default() };
        assert!(wrong.check().is_err());
    }
}

use names::{AccountId, Arn, FunctionName, Region, Service};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Which function: names are unique within an account's region.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FunctionId {
    pub account: AccountId,
    pub region: Region,
    pub name: FunctionName,
}

impl FunctionId {
    /// `arn:aws:lambda:region:account:function:name`, without qualifier.
    pub fn arn(&self) -> Arn {
        Arn::new(Service::Lambda, &self.region, &self.account, format!("function:{}", self.name))
    }

    /// The ARN with `:qualifier` (a version, `$LATEST` or an alias) at its end.
    pub fn qualified_arn(&self, qualifier: impl fmt::Display) -> Arn {
        let resource = format!("function:{}:{qualifier}", self.name);
        Arn::new(Service::Lambda, &self.region, &self.account, resource)
    }

    /// [`FunctionId::qualified_arn`] if there is a qualifier, else [`FunctionId::arn`].
    pub fn arn_with(&self, qualifier: Option<impl fmt::Display>) -> Arn {
        match qualifier {
            Some(qualifier) => self.qualified_arn(qualifier),
            None => self.arn(),
        }
    }
}

/// The code and configuration that an instance runs: `$LATEST`, which changes, or a published number,
/// which never does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Version {
    Latest,
    Published(u64),
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Version::Latest => f.write_str("$LATEST"),
            Version::Published(number) => write!(f, "{number}"),
        }
    }
}

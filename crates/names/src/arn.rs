use crate::{AccountId, NameError, Region};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The service part of an ARN, the signing scope and the IAM action prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Service {
    S3,
    Lambda,
    Sts,
    Iam,
    Dynamodb,
    Sqs,
    Sns,
}

impl Service {
    pub const ALL: [Service; 7] = [
        Service::S3,
        Service::Lambda,
        Service::Sts,
        Service::Iam,
        Service::Dynamodb,
        Service::Sqs,
        Service::Sns,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Service::S3 => "s3",
            Service::Lambda => "lambda",
            Service::Sts => "sts",
            Service::Iam => "iam",
            Service::Dynamodb => "dynamodb",
            Service::Sqs => "sqs",
            Service::Sns => "sns",
        }
    }

    pub fn parse(text: &str) -> Option<Service> {
        Service::ALL.into_iter().find(|service| service.as_str() == text)
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// `arn:partition:service:region:account:resource`, where region and account may be empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Arn {
    pub partition: String,
    pub service: String,
    pub region: String,
    pub account: String,
    pub resource: String,
}

impl Arn {
    pub fn new(service: Service, region: &Region, account: &AccountId, resource: impl Into<String>) -> Self {
        Arn {
            partition: "aws".to_owned(),
            service: service.as_str().to_owned(),
            region: region.to_string(),
            account: account.to_string(),
            resource: resource.into(),
        }
    }

    /// `arn:aws:s3:::resource`: bucket names are global, so neither region nor account is in them.
    pub fn s3(resource: impl Into<String>) -> Self {
        Arn {
            partition: "aws".to_owned(),
            service: "s3".to_owned(),
            region: String::new(),
            account: String::new(),
            resource: resource.into(),
        }
    }

    /// # Errors
    /// Fewer than six parts, a first part other than `arn`, or an empty partition, service or resource.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let malformed = || NameError(format!("not an ARN: {text:?}"));
        let mut parts = text.splitn(6, ':');
        if parts.next() != Some("arn") {
            return Err(malformed());
        }
        let mut next = || parts.next().map(str::to_owned).ok_or_else(malformed);
        let arn = Arn {
            partition: next()?,
            service: next()?,
            region: next()?,
            account: next()?,
            resource: next()?,
        };
        if arn.partition.is_empty() || arn.service.is_empty() || arn.resource.is_empty() {
            return Err(malformed());
        }
        Ok(arn)
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Arn { partition, service, region, account, resource } = self;
        write!(f, "arn:{partition}:{service}:{region}:{account}:{resource}")
    }
}

impl TryFrom<String> for Arn {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        Arn::parse(&text)
    }
}

impl From<Arn> for String {
    fn from(arn: Arn) -> String {
        arn.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_survives_a_round_trip() {
        for text in [
            "arn:aws:lambda:us-east-1:000000000000:function:thumb:live",
            "arn:aws:s3:::photos/a:b/c",
            "arn:aws:iam::123456789012:role/service-role/x",
        ] {
            assert_eq!(Arn::parse(text).map(|arn| arn.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn what_is_no_arn_is_refused() {
        for text in
            ["", "arn", "arn:aws:s3", "urn:aws:s3:::b", "arn::s3:::b", "arn:aws::::b", "arn:aws:s3:::"]
        {
            assert!(Arn::parse(text).is_err(), "{text}");
        }
    }
}

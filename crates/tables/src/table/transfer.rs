use super::TableId;
use super::name::TableName;
use names::{AccountId, Arn, Region, Service};

/// Whether items leave for a bucket or come from one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transfer {
    Export,
    Import,
}

/// Which export or import, of a table that may be gone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TransferId {
    pub what: Transfer,
    pub table: TableId,
    /// When it was begun, and something random: `01732163400123-1a2b3c4d`.
    pub id: String,
}

impl Transfer {
    /// As in ARNs.
    pub fn as_str(self) -> &'static str {
        match self {
            Transfer::Export => "export",
            Transfer::Import => "import",
        }
    }
}

impl TransferId {
    pub fn arn(&self) -> Arn {
        let TableId { account, region, name } = &self.table;
        let resource = format!("table/{name}/{}/{}", self.what.as_str(), self.id);
        Arn::new(Service::Dynamodb, region, account, resource)
    }

    /// `None` for what is no ARN of such a thing.
    pub fn parse(what: Transfer, arn: &str) -> Option<TransferId> {
        let arn = Arn::parse(arn).ok().filter(|arn| arn.service == Service::Dynamodb.as_str())?;
        let (name, id) = arn.resource.strip_prefix("table/")?.split_once('/')?;
        let id = id.strip_prefix(what.as_str())?.strip_prefix('/')?;
        let table = TableId {
            account: AccountId::parse(&arn.account).ok()?,
            region: Region::parse(&arn.region).ok()?,
            name: TableName::parse(name).ok()?,
        };
        Some(TransferId { what, table, id: id.to_owned() })
    }
}

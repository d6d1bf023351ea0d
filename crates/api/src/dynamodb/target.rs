//! Which table a request is about.

use super::error::invalid;
use crate::{ApiError, Call};
use access::Resource;
use names::{AccountId, Arn, Region, Service};
use tables::{TableId, TableName};

/// Reads a `TableName` member: a name or a table's ARN.
///
/// # Errors
/// `ValidationException`.
pub(crate) fn table(call: &Call, name: &str) -> Result<TableId, ApiError> {
    if name.starts_with("arn:") {
        return by_arn(call, name);
    }
    let name = TableName::parse(name).map_err(tables::TablesError::from)?;
    Ok(TableId { account: call.account.clone(), region: call.region.clone(), name })
}

/// The table of an ARN, be it the table's or that of something that belongs to it.
pub(crate) fn of_arn(arn: &Arn) -> Option<TableId> {
    let rest = arn.resource.strip_prefix("table/").filter(|_| arn.service == Service::Dynamodb.as_str())?;
    let name = rest.split_once('/').map_or(rest, |(name, _)| name);
    Some(TableId {
        account: AccountId::parse(&arn.account).ok()?,
        region: Region::parse(&arn.region).ok()?,
        name: TableName::parse(name).ok()?,
    })
}

/// # Errors
/// `ValidationException` where it is no ARN of a table in this region.
pub(super) fn by_arn(call: &Call, text: &str) -> Result<TableId, ApiError> {
    let wrong = || invalid(format!("Invalid TableArn: Invalid ResourceArn provided as input {text}"));
    let arn = Arn::parse(text).map_err(|_| wrong())?;
    let name = arn.resource.strip_prefix("table/").ok_or_else(wrong)?;
    let account = AccountId::parse(&arn.account).map_err(|_| wrong())?;
    if arn.service != Service::Dynamodb.as_str() || arn.region != call.region.as_str() {
        return Err(wrong());
    }
    let name = TableName::parse(name).map_err(|_| wrong())?;
    Ok(TableId { account, region: call.region.clone(), name })
}

pub(super) fn resources(table: &TableId) -> Vec<Resource> {
    vec![Resource::new(table.arn())]
}

/// What is decided on where no table is named.
pub(super) fn all(account: &AccountId, region: &Region) -> Vec<Resource> {
    vec![Resource::new(Arn::new(Service::Dynamodb, region, account, "table/*"))]
}

/// A table, or an index of it.
pub(super) fn rows(table: &TableId, index: Option<&str>) -> Vec<Resource> {
    match index {
        Some(index) => vec![Resource::new(table.index_arn(index))],
        None => resources(table),
    }
}

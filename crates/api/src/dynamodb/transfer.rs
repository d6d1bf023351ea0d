//! What exports to buckets and imports from them have in common.

use super::error::invalid;
use crate::{ApiError, Call};
use access::Resource;
use names::{AccountId, Region};
use serde::Serialize;
use tables::{TableId, TableName, Token, Transfer, TransferId};

/// Of a page, at most and by default.
const LIMIT: usize = 25;
/// Bytes of a client token.
const TOKEN_MAX: usize = 1024;
/// Hexadecimal digits of a page's token, which are sixteen or a multiple of it.
const PAGE_DIGITS_MIN: usize = 112;
const PAGE_DIGITS: usize = 16;

/// # Errors
/// `ValidationException` where it is no ARN of such a thing in this region.
pub(super) fn read(call: &Call, what: Transfer, arn: &str) -> Result<TransferId, ApiError> {
    TransferId::parse(what, arn).filter(|id| id.table.region == call.region).ok_or_else(|| {
        let member = if what == Transfer::Export { "ExportArn" } else { "ImportArn" };
        invalid(format!("Invalid {member}: Invalid ResourceArn provided as input {arn}"))
    })
}

pub(super) fn resources(id: &TransferId) -> Vec<Resource> {
    vec![Resource::new(id.arn())]
}

/// A client token, with a digest of all else that was asked.
///
/// # Errors
/// `ValidationException` where it is too long.
pub(super) fn token(
    call: &Call,
    text: Option<String>,
    asked: &impl Serialize,
) -> Result<Option<Token>, ApiError> {
    let Some(text) = text else { return Ok(None) };
    if text.len() > TOKEN_MAX {
        return Err(invalid(format!("ClientToken must not be longer than {TOKEN_MAX} bytes")));
    }
    // Through a tree, whose members are sorted.
    let sorted = serde_json::to_value(asked).map_err(ApiError::internal)?;
    let digest = tables::digest(sorted.to_string().as_bytes());
    Ok(Some(Token { account: call.account.clone(), region: call.region.clone(), text, digest }))
}

pub(super) fn limit(given: Option<i32>) -> usize {
    given.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(LIMIT).min(LIMIT)
}

/// Where the next page begins after, as the models allow it: hexadecimal digits.
pub(super) fn next_token(last: &TransferId) -> String {
    let mut token = hex::encode(format!("{}/{}", last.table.name, last.id));
    while token.len() < PAGE_DIGITS_MIN || !token.len().is_multiple_of(PAGE_DIGITS) {
        token.push_str("00");
    }
    token
}

/// # Errors
/// `ValidationException`.
pub(super) fn start(
    account: &AccountId,
    region: &Region,
    what: Transfer,
    token: Option<&str>,
) -> Result<Option<TransferId>, ApiError> {
    let Some(token) = token else { return Ok(None) };
    let read = || {
        let bytes = hex::decode(token).ok()?;
        let text = std::str::from_utf8(&bytes).ok()?;
        let (name, id) = text.trim_end_matches('\0').split_once('/')?;
        let (account, region) = (account.clone(), region.clone());
        let table = TableId { account, region, name: TableName::parse(name).ok()? };
        Some(TransferId { what, table, id: id.to_owned() })
    };
    read().map(Some).ok_or_else(|| invalid("Invalid NextToken"))
}

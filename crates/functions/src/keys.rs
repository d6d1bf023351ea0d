//! ```text
//! Function          account region name                 FunctionRecord ($LATEST is in it)
//! FunctionVersion   account region name number          Configuration
//! FunctionAlias     account region name alias           AliasRecord
//! FunctionPolicy    account region name qualifier       PolicyRecord      (qualifier "" = the function)
//! FunctionUrl       account region name qualifier       UrlRecord         (qualifier "" = the function)
//! FunctionUrlId     url id                              UrlOwner
//! EventInvokeConfig account region name qualifier       EventInvokeRecord (qualifier $LATEST = the function)
//! Layer             account region layer                LayerRecord
//! LayerVersion      account region layer number         LayerVersionRecord
//! LayerPolicy       account region layer number         PolicyRecord
//! ProvisionedConcurrency account region name qualifier  ProvisionedRecord
//! ConcurrencyClaims account region                      ClaimsRecord
//! CodeReference     sha256                              CodeRecord
//! AsyncInvocation   invocation id                       InvocationRecord
//! AsyncPayload      invocation id                       the event's bytes
//! AsyncQueue        account region name due ms, sequence, invocation id  the order, if there is one
//! AsyncNext         due ms, account region name         (empty)
//! AsyncOrder        order, sequence, invocation id      (empty)
//! AsyncBacklog      account region name                 Backlog
//! AsyncAccount      account                             Backlog
//! AsyncFollowUp     sequence                            FollowUp
//! AsyncFollowUpText sequence                            what is told
//! AsyncSequence                                         the last sequence given out, eight bytes
//! ```

use crate::{FunctionId, FunctionsError};
use names::key::KeyParts;
use names::{AccountId, FunctionName, Key, Keyspace, Region};

/// Every record of `keyspace` in one account's region.
pub(crate) fn region(keyspace: Keyspace, account: &AccountId, region: &Region) -> Key {
    Key::new(keyspace).text(account.as_str()).text(region.as_str())
}

/// Every record of `keyspace` that belongs to one function.
pub(crate) fn of(keyspace: Keyspace, id: &FunctionId) -> Key {
    region(keyspace, &id.account, &id.region).text(id.name.as_str())
}

pub(crate) fn function(id: &FunctionId) -> Key {
    of(Keyspace::Function, id)
}

pub(crate) fn version(id: &FunctionId, number: u64) -> Key {
    of(Keyspace::FunctionVersion, id).number(number)
}

pub(crate) fn alias(id: &FunctionId, alias: &str) -> Key {
    of(Keyspace::FunctionAlias, id).text(alias)
}

pub(crate) fn policy(id: &FunctionId, qualifier: &str) -> Key {
    of(Keyspace::FunctionPolicy, id).text(qualifier)
}

pub(crate) fn url(id: &FunctionId, qualifier: &str) -> Key {
    of(Keyspace::FunctionUrl, id).text(qualifier)
}

pub(crate) fn url_id(url_id: &str) -> Key {
    Key::new(Keyspace::FunctionUrlId).text(url_id)
}

pub(crate) fn event_invoke(id: &FunctionId, qualifier: &str) -> Key {
    of(Keyspace::EventInvokeConfig, id).text(qualifier)
}

pub(crate) fn provisioned(id: &FunctionId, qualifier: &str) -> Key {
    of(Keyspace::ProvisionedConcurrency, id).text(qualifier)
}

pub(crate) fn claims(account: &AccountId, of_region: &Region) -> Key {
    region(Keyspace::ConcurrencyClaims, account, of_region)
}

pub(crate) fn code(sha256: &str) -> Key {
    Key::new(Keyspace::CodeReference).text(sha256)
}

pub(crate) fn image(digest: &str) -> Key {
    Key::new(Keyspace::ImageReference).text(digest)
}

pub(crate) fn invocation(id: &str) -> Key {
    Key::new(Keyspace::AsyncInvocation).text(id)
}

pub(crate) fn payload(id: &str) -> Key {
    Key::new(Keyspace::AsyncPayload).text(id)
}

pub(crate) fn queued(of_function: &FunctionId, due_ms: u64, sequence: u64, id: &str) -> Key {
    of(Keyspace::AsyncQueue, of_function).number(due_ms).number(sequence).text(id)
}

pub(crate) fn next(due_ms: u64, of: &FunctionId) -> Key {
    let key = Key::new(Keyspace::AsyncNext).number(due_ms);
    key.text(of.account.as_str()).text(of.region.as_str()).text(of.name.as_str())
}

pub(crate) fn backlog(id: &FunctionId) -> Key {
    of(Keyspace::AsyncBacklog, id)
}

pub(crate) fn account_backlog(account: &AccountId) -> Key {
    Key::new(Keyspace::AsyncAccount).text(account.as_str())
}

pub(crate) fn order(order: &str, sequence: u64, id: &str) -> Key {
    Key::new(Keyspace::AsyncOrder).text(order).number(sequence).text(id)
}

pub(crate) fn follow_up(sequence: u64) -> Key {
    Key::new(Keyspace::AsyncFollowUp).number(sequence)
}

pub(crate) fn follow_up_text(sequence: u64) -> Key {
    Key::new(Keyspace::AsyncFollowUpText).number(sequence)
}

pub(crate) fn sequence() -> Key {
    Key::new(Keyspace::AsyncSequence)
}

/// The function whose record a key of `keyspace` leads to.
///
/// # Errors
/// It is no such key.
pub(crate) fn function_in(keyspace: Keyspace, key: &[u8]) -> Result<FunctionId, FunctionsError> {
    let mut parts = KeyParts::of(keyspace, key).map_err(unreadable)?;
    let account = AccountId::parse(&parts.text().map_err(unreadable)?).map_err(unreadable)?;
    let region = Region::parse(&parts.text().map_err(unreadable)?).map_err(unreadable)?;
    let name = FunctionName::parse(&parts.text().map_err(unreadable)?).map_err(unreadable)?;
    Ok(FunctionId { account, region, name })
}

/// What follows the function in a key of `keyspace`.
///
/// # Errors
/// It is no such key.
pub(crate) fn qualifier_in(keyspace: Keyspace, key: &[u8]) -> Result<String, FunctionsError> {
    let mut parts = KeyParts::of(keyspace, key).map_err(unreadable)?;
    for _ in 0..3 {
        parts.text().map_err(unreadable)?;
    }
    parts.text().map_err(unreadable)
}

fn unreadable(error: impl std::fmt::Display) -> FunctionsError {
    FunctionsError::Internal(format!("a key cannot be read: {error}"))
}

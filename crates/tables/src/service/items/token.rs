//! Client request tokens: a transaction that is sent again, since its answer was lost, is not done again.

use crate::keys;
use crate::service::TablesError;
use aws_lc_rs::digest;
use clock::Timestamp;
use kv::{Read, Transaction, get_record, put_record};
use names::{AccountId, Region};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long a transaction's token is remembered.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>
const KEPT: Duration = Duration::from_secs(600);
/// Tokens whose time is over that each transaction removes, which keeps those of ten minutes and no more: each adds one.
/// While none come, the last ten minutes' stay.
const REMOVED: usize = 4;

/// What a client names a transaction by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub account: AccountId,
    pub region: Region,
    pub text: String,
    /// Of all that was asked for.
    pub digest: [u8; 32],
}

/// A digest for [`Token::digest`].
pub fn digest(bytes: &[u8]) -> [u8; 32] {
    let digest = digest::digest(&digest::SHA256, bytes);
    digest.as_ref().first_chunk().copied().unwrap_or_default()
}

#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    ends: Timestamp,
    digest: [u8; 32],
    /// What the request made, where that is told again.
    #[serde(default)]
    made: Option<String>,
}

impl kv::Record for Kept {
    const KIND: &'static str = "client request token";
    const VERSION: u8 = 1;
}

/// Whether the transaction was done before.
///
/// # Errors
/// `TokenMismatch`: another one was; the store fails.
pub(super) async fn is_known(from: &impl Read, token: &Token, now: Timestamp) -> Result<bool, TablesError> {
    Ok(known(from, token, now).await?.is_some())
}

/// What the request made that used the token before, if it is to be told again.
///
/// # Errors
/// As [`is_known`].
pub(in crate::service) async fn known(
    from: &impl Read,
    token: &Token,
    now: Timestamp,
) -> Result<Option<Option<String>>, TablesError> {
    let place = keys::token(&token.account, &token.region, &token.text);
    match get_record::<Kept>(from, place).await? {
        Some(kept) if kept.ends <= now => Ok(None),
        Some(kept) if kept.digest == token.digest => Ok(Some(kept.made)),
        Some(_) => Err(TablesError::TokenMismatch),
        None => Ok(None),
    }
}

/// Remembers the transaction, and forgets some of those whose time is over.
pub(super) async fn keep(tx: &mut Transaction, token: &Token, now: Timestamp) -> Result<(), TablesError> {
    keep_for(tx, token, now, KEPT, None).await
}

/// Remembers what a request made, for a while.
pub(in crate::service) async fn keep_for(
    tx: &mut Transaction,
    token: &Token,
    now: Timestamp,
    kept: Duration,
    made: Option<String>,
) -> Result<(), TablesError> {
    let over = tx.range(&keys::tokens_over(milliseconds(now)), REMOVED).await?;
    for (end, place) in over {
        tx.delete(&end);
        // A token that was used again since has another end.
        let is_over = get_record::<Kept>(tx, &place).await?.is_some_and(|kept| kept.ends <= now);
        if is_over {
            tx.delete(&place);
        }
    }
    let place = keys::token(&token.account, &token.region, &token.text);
    let ends = now + kept;
    tx.put(keys::token_end(milliseconds(ends), &place), place.as_bytes().to_vec());
    put_record(tx, place, &Kept { ends, digest: token.digest, made });
    Ok(())
}

fn milliseconds(at: Timestamp) -> u64 {
    u64::try_from(at.as_ms()).unwrap_or(0)
}

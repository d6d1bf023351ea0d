//! Client request tokens: a transaction that is sent again, since its answer was lost, is not done again.

use crate::keys;
use crate::service::TablesError;
use aws_lc_rs::digest;
use clock::Timestamp;
use kv::{Read, Transaction, get_record, put_record};
use names::{AccountId, Region};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long a token is remembered.
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
    let place = keys::token(&token.account, &token.region, &token.text);
    match get_record::<Kept>(from, place).await? {
        Some(kept) if kept.ends <= now => Ok(false),
        Some(kept) if kept.digest == token.digest => Ok(true),
        Some(_) => Err(TablesError::TokenMismatch),
        None => Ok(false),
    }
}

/// Remembers the transaction, and forgets some of those whose time is over.
pub(super) async fn keep(tx: &mut Transaction, token: &Token, now: Timestamp) -> Result<(), TablesError> {
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
    let ends = now + KEPT;
    tx.put(keys::token_end(milliseconds(ends), &place), place.as_bytes().to_vec());
    put_record(tx, place, &Kept { ends, digest: token.digest });
    Ok(())
}

fn milliseconds(at: Timestamp) -> u64 {
    u64::try_from(at.as_ms()).unwrap_or(0)
}

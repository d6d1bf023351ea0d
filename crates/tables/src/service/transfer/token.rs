//! Client tokens, which are kept with those of transactions.

use crate::service::TablesError;
use crate::service::items::{Token, token};
use crate::table::{Transfer, TransferId};
use clock::Timestamp;
use kv::{Read, Transaction};
use std::time::Duration;

/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ExportTableToPointInTime.html>
const KEPT: Duration = Duration::from_secs(8 * 60 * 60);

/// The one that was begun with the same token before, if that is still known.
///
/// # Errors
/// `conflict`, where another request had the token; the store fails.
pub(in crate::service) async fn known(
    from: &impl Read,
    what: Transfer,
    given: Option<&Token>,
    conflict: TablesError,
    now: Timestamp,
) -> Result<Option<TransferId>, TablesError> {
    let Some(given) = given else { return Ok(None) };
    match token::known(from, &of_kind(what, given), now).await {
        Ok(made) => Ok(made.flatten().and_then(|arn| TransferId::parse(what, &arn))),
        Err(TablesError::TokenMismatch) => Err(conflict),
        Err(other) => Err(other),
    }
}

/// # Errors
/// The store fails.
pub(in crate::service) async fn remember(
    tx: &mut Transaction,
    id: &TransferId,
    given: Option<&Token>,
    now: Timestamp,
) -> Result<(), TablesError> {
    let Some(given) = given else { return Ok(()) };
    token::keep_for(tx, &of_kind(id.what, given), now, KEPT, Some(id.arn().to_string())).await
}

/// Its digest stands for the text, which has no bound; longer than a transaction's token can be.
fn of_kind(what: Transfer, given: &Token) -> Token {
    let digest = crate::service::digest(given.text.as_bytes());
    let text: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    Token { text: format!("{} {text}", what.as_str()), ..given.clone() }
}

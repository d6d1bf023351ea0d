//! What is to be told of an event's outcome, and to whom. It is written in the transaction that forgets the event, and
//! `triggers` hands it on: who is told may be no function, and the function's role must be allowed to tell them.

use super::queue::{self, AsyncEvent};
use crate::{FunctionId, event_invoke_config, keys};
use bytes::Bytes;
use clock::{Clock, Timestamp};
use kv::{KvError, Read, Record, Transaction};
use names::key::KeyParts;
use names::{Key, Keyspace, Qualifier};
use serde::{Deserialize, Serialize};

/// Its text is beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowUp {
    /// The function whose event it was, and in whose role somebody is told.
    pub function: FunctionId,
    pub qualifier: Option<Qualifier>,
    /// ARN.
    pub to: String,
    pub trace_id: Option<String>,
    /// The text is the event itself, for a dead letter queue, with this; otherwise it is a record of the outcome.
    pub dead_letter: Option<DeadLetter>,
}

/// What a dead letter says beside the event
/// (<https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html#invocation-dlq>).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    pub request_id: String,
    /// As an HTTP status.
    pub code: u16,
    /// At most 1 KiB.
    pub message: String,
}

impl Record for FollowUp {
    const KIND: &'static str = "outcome to be told";
    const VERSION: u8 = 1;
}

impl FollowUp {
    /// All there are, for whoever watches.
    pub fn all() -> Key {
        Key::new(Keyspace::AsyncFollowUp)
    }

    pub(super) async fn put(&self, tx: &mut Transaction, text: Bytes) -> Result<(), KvError> {
        let sequence = queue::next_sequence(tx).await?;
        kv::put_record(tx, keys::follow_up(sequence), self);
        tx.put(keys::follow_up_text(sequence), text);
        Ok(())
    }

    /// The first ones with their sequence numbers and texts; at most `max`, and no more than `bytes_max` of text but for
    /// the first.
    ///
    /// # Errors
    /// The store fails.
    pub async fn first(
        from: &impl Read,
        max: usize,
        bytes_max: usize,
    ) -> Result<Vec<(u64, Result<(FollowUp, Bytes), KvError>)>, KvError> {
        let mut found = Vec::new();
        let mut bytes = 0;
        for (key, record) in from.range(&FollowUp::all().range(), max).await? {
            let sequence = KeyParts::of(Keyspace::AsyncFollowUp, &key)
                .and_then(|mut parts| parts.number())
                .map_err(|error| KvError::Corrupt { kind: "key", reason: error.to_string() })?;
            let text = from.get(&keys::follow_up_text(sequence)).await?.unwrap_or_default();
            bytes += text.len();
            if bytes > bytes_max && !found.is_empty() {
                break;
            }
            found.push((sequence, kv::record::decode(&record).map(|record| (record, text))));
        }
        Ok(found)
    }

    /// Of one that was handed on.
    pub fn forget(tx: &mut Transaction, sequence: u64) {
        tx.delete(keys::follow_up(sequence));
        tx.delete(keys::follow_up_text(sequence));
    }

    /// Takes one out of the way that cannot be read or handed on. Its text stays where it is.
    ///
    /// # Errors
    /// The store fails.
    pub async fn set_aside(
        tx: &mut Transaction,
        sequence: u64,
        why: &str,
        now: Timestamp,
    ) -> Result<(), KvError> {
        kv::set_aside(tx, keys::follow_up(sequence), FollowUp::KIND, why, now).await
    }

    /// Accepts it as an event of the function that it is for, however much waits: see [`super::EventBounds`]. False when
    /// it is for no function.
    ///
    /// # Errors
    /// The store fails.
    pub async fn hand_to_function(
        &self,
        tx: &mut Transaction,
        text: Bytes,
        clock: &Clock,
    ) -> Result<bool, KvError> {
        let Ok((id, qualifier)) = event_invoke_config::function(&self.to) else { return Ok(false) };
        let event = AsyncEvent {
            request_id: clock.uuid(),
            id,
            qualifier,
            payload: text,
            client_context: None,
            trace_id: self.trace_id.clone(),
            order: None,
        };
        queue::enqueue_outcome(tx, &event, clock.now()).await?;
        Ok(true)
    }
}

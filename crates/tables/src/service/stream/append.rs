use super::entry::{Actor, Event, encode};
use crate::key::EncodedKey;
use crate::keys;
use crate::service::TablesError;
use crate::service::items::place;
use crate::service::known::Table;
use crate::value::{ItemRef, equal};
use kv::{KvError, Read, Transaction};

/// As many as an on-demand table of DynamoDB has partitions when it is new: so many readers go side by side, while one
/// reader has few shards to ask.
pub const SHARDS: u32 = 4;

/// Notes a change, where the table has a stream and something changed.
///
/// # Errors
/// The store fails.
pub(crate) async fn append(
    tx: &mut Transaction,
    table: &Table,
    key: &EncodedKey,
    old: Option<ItemRef<'_>>,
    new: Option<ItemRef<'_>>,
    by: Actor,
) -> Result<(), TablesError> {
    let Some(stream) = table.record.stream.as_ref().filter(|stream| stream.is_on) else { return Ok(()) };
    let (event, item) = match (old, new) {
        (None, Some(new)) => (Event::Insert, new),
        (Some(old), None) => (Event::Remove, old),
        (Some(old), Some(new)) if !same(old, new) => (Event::Modify, new),
        (Some(_), Some(_)) | (None, None) => return Ok(()),
    };
    let shard = shard(key);
    let sequence = next(tx, stream.number, shard).await?;
    tx.put(keys::next_change(stream.number, shard), sequence.saturating_add(1).to_be_bytes().to_vec());
    let old = old.filter(|_| stream.view.holds_old());
    let new = new.filter(|_| stream.view.holds_new());
    let entry = encode(table.clock.now(), event, by, table.key.key_of(item).view(), old, new);
    tx.put(keys::changes(stream.number, shard).number(sequence), entry);
    Ok(())
}

/// The sequence that the shard's next change will have: 1 for the first.
///
/// # Errors
/// The store fails.
pub(super) async fn next(from: &impl Read, stream: u64, shard: u32) -> Result<u64, KvError> {
    let stored = from.get(&keys::next_change(stream, shard)).await?;
    Ok(stored.as_deref().and_then(|bytes| bytes.try_into().ok()).map_or(1, u64::from_be_bytes))
}

/// All of a partition are in one.
fn shard(key: &EncodedKey) -> u32 {
    let hash = u128::from(place::hash(&key.partition));
    u32::try_from((hash * u128::from(SHARDS)) >> 64).unwrap_or(0)
}

/// Whether both have the same attributes, in whatever order.
pub(crate) fn same(one: ItemRef<'_>, other: ItemRef<'_>) -> bool {
    one.as_bytes() == other.as_bytes()
        || (one.len() == other.len()
            && one.attributes().all(|(name, value)| other.get(name).is_some_and(|other| equal(value, other))))
}

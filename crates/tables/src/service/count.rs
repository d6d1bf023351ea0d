use crate::keys;
use kv::{KvError, Read, Transaction};
use names::Key;

/// How many items there are, and their size by DynamoDB's rules in bytes. Exact: kept in the transactions that
/// change them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    pub items: u64,
    pub bytes: u64,
}

const LEN: usize = 16;

impl Count {
    pub(crate) async fn read(from: &impl Read, table: u64, index: u32) -> Result<Count, KvError> {
        let stored = from.get(&keys::count(table, index)).await?;
        Ok(stored.as_deref().and_then(Count::decode).unwrap_or_default())
    }

    pub(crate) fn write(self, tx: &mut Transaction, key: Key) {
        tx.put(key, [self.items.to_le_bytes(), self.bytes.to_le_bytes()].concat());
    }

    fn decode(stored: &[u8]) -> Option<Count> {
        let stored: &[u8; LEN] = stored.try_into().ok()?;
        let (items, bytes) = stored.split_first_chunk::<8>()?;
        Some(Count { items: u64::from_le_bytes(*items), bytes: u64::from_le_bytes(bytes.try_into().ok()?) })
    }
}

use crate::{TopicsError, keys};
use kv::{Read, Transaction};

/// How much there is of what in a topic. Exact: kept in the transactions that change it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub confirmed: u64,
    pub pending: u64,
    pub deleted: u64,
    /// Subscriptions with a filter.
    pub filtered: u64,
    /// Changes with each change of a subscription.
    pub revision: u64,
    /// The last one given to a message.
    pub sequence: u64,
}

const VERSION: u8 = 1;
const FIELDS: usize = 6;

impl Count {
    pub async fn read(from: &impl Read, topic: u64) -> Result<Count, TopicsError> {
        match from.get(keys::count(topic).as_bytes()).await? {
            Some(stored) => Count::decode(&stored).ok_or(TopicsError::Corrupt("counts")),
            None => Ok(Count::default()),
        }
    }

    pub fn write(self, tx: &mut Transaction, topic: u64) {
        let fields =
            [self.confirmed, self.pending, self.deleted, self.filtered, self.revision, self.sequence];
        let mut bytes = Vec::with_capacity(1 + 8 * FIELDS);
        bytes.push(VERSION);
        fields.iter().for_each(|field| bytes.extend_from_slice(&field.to_le_bytes()));
        tx.put(keys::count(topic), bytes);
    }

    fn decode(stored: &[u8]) -> Option<Count> {
        let (&VERSION, rest) = stored.split_first()? else { return None };
        let (fields, []) = rest.as_chunks::<8>() else { return None };
        let &[confirmed, pending, deleted, filtered, revision, sequence] = fields else { return None };
        let of = u64::from_le_bytes;
        Some(Count {
            confirmed: of(confirmed),
            pending: of(pending),
            deleted: of(deleted),
            filtered: of(filtered),
            revision: of(revision),
            sequence: of(sequence),
        })
    }
}

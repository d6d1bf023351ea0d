use crate::{QueuesError, keys};
use kv::{Read, Transaction};

/// How much there is of what in a queue. Exact: kept in the transactions that change it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    pub visible: u64,
    pub delayed: u64,
    pub in_flight: u64,
    /// The last sequence given out.
    pub(crate) sequence: u64,
    /// The greatest order received so far of what nobody had received: where newcomers begin.
    pub(crate) served: u64,
    /// The last order given to a message without a group.
    pub(crate) last_order: u64,
    /// How many messages were received, of which only the last bit counts: both lanes take turns.
    pub(crate) turns: u64,
}

const VERSION: u8 = 1;
const FIELDS: usize = 7;

impl Count {
    pub(crate) async fn read(from: &impl Read, queue: u64) -> Result<Count, QueuesError> {
        match from.get(&keys::count(queue)).await? {
            Some(stored) => Count::decode(&stored).ok_or(QueuesError::Corrupt("counts")),
            None => Ok(Count::default()),
        }
    }

    pub(crate) fn write(self, tx: &mut Transaction, queue: u64) {
        let fields = [
            self.visible,
            self.delayed,
            self.in_flight,
            self.sequence,
            self.served,
            self.last_order,
            self.turns,
        ];
        let mut bytes = Vec::with_capacity(1 + 8 * FIELDS);
        bytes.push(VERSION);
        fields.iter().for_each(|field| bytes.extend_from_slice(&field.to_le_bytes()));
        tx.put(keys::count(queue), bytes);
    }

    fn decode(stored: &[u8]) -> Option<Count> {
        let (&VERSION, rest) = stored.split_first()? else { return None };
        let (fields, []) = rest.as_chunks::<8>() else { return None };
        let &[visible, delayed, in_flight, sequence, served, last_order, turns] = fields else { return None };
        let of = u64::from_le_bytes;
        Some(Count {
            visible: of(visible),
            delayed: of(delayed),
            in_flight: of(in_flight),
            sequence: of(sequence),
            served: of(served),
            last_order: of(last_order),
            turns: of(turns),
        })
    }
}

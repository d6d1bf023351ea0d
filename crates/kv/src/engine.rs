use crate::KvError;
use crate::changes::Changes;
use bytes::Bytes;
use names::KeyRange;

pub(crate) type Entry = (Bytes, Bytes);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Ascending,
    Descending,
}

/// What can be read, at one point in the order of transactions.
pub(crate) trait View {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, KvError>;

    /// At most `limit` entries of `range`, from the end that `direction` starts at.
    fn scan(&self, range: &KeyRange, limit: usize, direction: Direction) -> Result<Vec<Entry>, KvError>;
}

/// The one writer's side of an engine: batches, each committed durably as a whole or not at all.
///
/// Calls come from one thread in the order `begin`, any number of reads and `apply`s, then `commit`
/// or `rollback`. Reads see what the open batch applied.
pub(crate) trait WriteSide: View {
    fn begin(&self) -> Result<(), KvError>;
    fn apply(&self, changes: &Changes) -> Result<(), KvError>;

    /// Durable when it returns `Ok`. On `Err` nothing of the batch may be acknowledged.
    fn commit(&self) -> Result<(), KvError>;
    fn rollback(&self) -> Result<(), KvError>;

    /// Called between batches.
    fn maintain(&self) -> Result<(), KvError>;
    fn close(&self) -> Result<(), KvError>;
}

/// One reader's side: a snapshot between `begin` and `end`.
pub(crate) trait ReadSide: View {
    fn begin(&self) -> Result<(), KvError>;
    fn end(&self) -> Result<(), KvError>;
}

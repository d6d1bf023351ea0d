use crate::KvError;
use bytes::Bytes;
use names::KeyRange;

/// What a [`Transaction`](crate::Transaction), a [`Snapshot`](crate::Snapshot) and, one snapshot per
/// call, a [`Kv`](crate::Kv) can read.
pub trait Read {
    fn get(&self, key: &[u8]) -> impl Future<Output = Result<Option<Bytes>, KvError>>;

    /// The first `limit` entries of `range`, ascending. An empty `range.end` means no end.
    fn range(
        &self,
        range: &KeyRange,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<(Bytes, Bytes)>, KvError>>;

    /// The last `limit` entries of `range`, descending.
    fn range_reverse(
        &self,
        range: &KeyRange,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<(Bytes, Bytes)>, KvError>>;
}

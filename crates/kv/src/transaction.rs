use crate::changes::Changes;
use crate::engine::{Direction, Entry, View};
use crate::{KvError, Read};
use bytes::Bytes;
use names::KeyRange;
use std::rc::Rc;

/// A read-write transaction under way; sees its own writes. Made by [`Kv::transact`](crate::Kv::transact).
pub struct Transaction {
    below: Rc<dyn View>,
    changes: Changes,
    /// The first write over a bound: the transaction then fails as a whole, whatever its closure says.
    refused: Option<KvError>,
}

impl Transaction {
    pub(crate) fn over(below: Rc<dyn View>) -> Self {
        Transaction { below, changes: Changes::default(), refused: None }
    }

    pub fn put(&mut self, key: impl AsRef<[u8]>, value: impl Into<Bytes>) {
        self.set(key.as_ref(), Some(value.into()));
    }

    /// Deleting what is not there is no error.
    pub fn delete(&mut self, key: impl AsRef<[u8]>) {
        self.set(key.as_ref(), None);
    }

    /// Deletes the first `limit` keys of `range` and answers how many there were; fewer than `limit`
    /// means that the range is now empty.
    ///
    /// # Errors
    /// The store could not be read.
    pub async fn delete_range(&mut self, range: &KeyRange, limit: usize) -> Result<usize, KvError> {
        let entries = self.range(range, limit).await?;
        for (key, _) in &entries {
            self.set(key, None);
        }
        Ok(entries.len())
    }

    /// Makes the transaction fail with `error`, for writes whose signature has no room for it.
    pub(crate) fn refuse(&mut self, error: KvError) {
        self.refused.get_or_insert(error);
    }

    fn set(&mut self, key: &[u8], value: Option<Bytes>) {
        if let Err(error) = self.changes.set(Bytes::copy_from_slice(key), value) {
            self.refuse(error);
        }
    }

    pub(crate) fn finish(self) -> Result<Changes, KvError> {
        match self.refused {
            None => Ok(self.changes),
            Some(error) => Err(error),
        }
    }
}

impl Read for Transaction {
    async fn get(&self, key: &[u8]) -> Result<Option<Bytes>, KvError> {
        self.changes.get_over(&*self.below, key)
    }

    async fn range(&self, range: &KeyRange, limit: usize) -> Result<Vec<Entry>, KvError> {
        self.changes.scan_over(&*self.below, range, limit, Direction::Ascending)
    }

    async fn range_reverse(&self, range: &KeyRange, limit: usize) -> Result<Vec<Entry>, KvError> {
        self.changes.scan_over(&*self.below, range, limit, Direction::Descending)
    }
}

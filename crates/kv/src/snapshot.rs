use crate::engine::{Direction, Entry, View};
use crate::{KvError, Read};
use bytes::Bytes;
use names::KeyRange;
use std::rc::Rc;

/// One moment of the store, unmoved by later commits. Made by [`Kv::read`](crate::Kv::read).
pub struct Snapshot(Rc<dyn View>);

impl Snapshot {
    pub(crate) fn of(view: Rc<dyn View>) -> Self {
        Snapshot(view)
    }
}

impl Read for Snapshot {
    async fn get(&self, key: &[u8]) -> Result<Option<Bytes>, KvError> {
        self.0.get(key)
    }

    async fn range(&self, range: &KeyRange, limit: usize) -> Result<Vec<Entry>, KvError> {
        self.0.scan(range, limit, Direction::Ascending)
    }

    async fn range_reverse(&self, range: &KeyRange, limit: usize) -> Result<Vec<Entry>, KvError> {
        self.0.scan(range, limit, Direction::Descending)
    }
}

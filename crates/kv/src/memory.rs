use crate::KvError;
use crate::changes::{Changes, bounds};
use crate::engine::{Direction, Entry, ReadSide, View, WriteSide};
use bytes::Bytes;
use names::KeyRange;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

type Map = BTreeMap<Bytes, Bytes>;

/// The last committed state. A snapshot is a clone of the inner `Arc`: a commit copies the map only
/// while somebody still reads the old one.
#[derive(Clone, Default)]
pub(crate) struct Memory(Arc<RwLock<Arc<Map>>>);

impl Memory {
    fn current(&self) -> Arc<Map> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn writer(&self) -> MemoryWriter {
        MemoryWriter { committed: self.clone(), batch: RefCell::default() }
    }

    pub(crate) fn reader(&self) -> MemoryReader {
        MemoryReader { committed: self.clone(), snapshot: RefCell::default() }
    }
}

pub(crate) struct MemoryWriter {
    committed: Memory,
    batch: RefCell<Changes>,
}

impl View for MemoryWriter {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, KvError> {
        self.batch.borrow().get_over(&*self.committed.current(), key)
    }

    fn scan(&self, range: &KeyRange, limit: usize, direction: Direction) -> Result<Vec<Entry>, KvError> {
        self.batch.borrow().scan_over(&*self.committed.current(), range, limit, direction)
    }
}

impl WriteSide for MemoryWriter {
    fn begin(&self) -> Result<(), KvError> {
        Ok(())
    }

    fn apply(&self, changes: &Changes) -> Result<(), KvError> {
        self.batch.borrow_mut().absorb(changes);
        Ok(())
    }

    fn commit(&self) -> Result<(), KvError> {
        let batch = self.batch.take();
        let mut committed = self.committed.0.write().unwrap_or_else(PoisonError::into_inner);
        let map = Arc::make_mut(&mut committed);
        for (key, value) in batch.entries() {
            match value {
                Some(value) => map.insert(key.clone(), value.clone()),
                None => map.remove(key),
            };
        }
        Ok(())
    }

    fn rollback(&self) -> Result<(), KvError> {
        self.batch.take();
        Ok(())
    }

    fn maintain(&self) -> Result<(), KvError> {
        Ok(())
    }

    fn close(&self) -> Result<(), KvError> {
        Ok(())
    }
}

pub(crate) struct MemoryReader {
    committed: Memory,
    snapshot: RefCell<Arc<Map>>,
}

impl View for MemoryReader {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, KvError> {
        View::get(&**self.snapshot.borrow(), key)
    }

    fn scan(&self, range: &KeyRange, limit: usize, direction: Direction) -> Result<Vec<Entry>, KvError> {
        View::scan(&**self.snapshot.borrow(), range, limit, direction)
    }
}

impl ReadSide for MemoryReader {
    fn begin(&self) -> Result<(), KvError> {
        self.snapshot.replace(self.committed.current());
        Ok(())
    }

    fn end(&self) -> Result<(), KvError> {
        self.snapshot.take();
        Ok(())
    }
}

impl View for Map {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, KvError> {
        Ok(self.get(key).cloned())
    }

    fn scan(&self, range: &KeyRange, limit: usize, direction: Direction) -> Result<Vec<Entry>, KvError> {
        let Some(bounds) = bounds(range) else { return Ok(Vec::new()) };
        let entries = self.range::<[u8], _>(bounds).map(|(key, value)| (key.clone(), value.clone()));
        Ok(match direction {
            Direction::Ascending => entries.take(limit).collect(),
            Direction::Descending => entries.rev().take(limit).collect(),
        })
    }
}

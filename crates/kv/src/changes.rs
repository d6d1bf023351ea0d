use crate::KvError;
use crate::engine::{Direction, Entry, View};
use bytes::Bytes;
use names::KeyRange;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Bound;

/// Bytes of one key, at most.
pub const KEY_BYTES_MAX: usize = 8 * 1024;
/// Bytes of one value, at most. Larger bodies belong in `blob`.
pub const VALUE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Bytes of all keys and values one transaction writes, at most.
pub const TRANSACTION_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What a transaction wrote so far, laid over what it reads from.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    entries: BTreeMap<Bytes, Option<Bytes>>,
    bytes: usize,
}

impl Changes {
    /// `None` deletes.
    ///
    /// # Errors
    /// `TooLarge`, and then nothing changed.
    pub(crate) fn set(&mut self, key: Bytes, value: Option<Bytes>) -> Result<(), KvError> {
        let value_bytes = value.as_ref().map_or(0, Bytes::len);
        within("a key", key.len(), KEY_BYTES_MAX)?;
        within("a value", value_bytes, VALUE_BYTES_MAX)?;
        // A key written twice counts twice: the bound is on work done, and stays a simple sum.
        let bytes = self.bytes.saturating_add(key.len()).saturating_add(value_bytes);
        within("a transaction", bytes, TRANSACTION_BYTES_MAX)?;
        self.bytes = bytes;
        self.entries.insert(key, value);
        Ok(())
    }

    /// Puts the changes of a later transaction on top.
    pub(crate) fn absorb(&mut self, later: &Changes) {
        self.bytes = self.bytes.saturating_add(later.bytes);
        for (key, value) in &later.entries {
            self.entries.insert(key.clone(), value.clone());
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = (&Bytes, Option<&Bytes>)> {
        self.entries.iter().map(|(key, value)| (key, value.as_ref()))
    }

    pub(crate) fn into_keys(self) -> impl Iterator<Item = Bytes> {
        self.entries.into_keys()
    }

    pub(crate) fn get_over(&self, base: &dyn View, key: &[u8]) -> Result<Option<Bytes>, KvError> {
        match self.entries.get(key) {
            Some(value) => Ok(value.clone()),
            None => base.get(key),
        }
    }

    pub(crate) fn scan_over(
        &self,
        base: &dyn View,
        range: &KeyRange,
        limit: usize,
        direction: Direction,
    ) -> Result<Vec<Entry>, KvError> {
        let mine = self.within(range, direction);
        if mine.is_empty() {
            return base.scan(range, limit, direction);
        }
        // Each deletion can hide one entry below, so this many are enough to fill `limit`.
        let hidden_max = mine.iter().filter(|(_, value)| value.is_none()).count();
        let below = base.scan(range, limit.saturating_add(hidden_max), direction)?;
        Ok(merge(mine, below, limit, direction))
    }

    fn within(&self, range: &KeyRange, direction: Direction) -> Vec<(Bytes, Option<Bytes>)> {
        let Some(bounds) = bounds(range) else { return Vec::new() };
        let entries = self.entries.range::<[u8], _>(bounds).map(|(key, value)| (key.clone(), value.clone()));
        match direction {
            Direction::Ascending => entries.collect(),
            Direction::Descending => entries.rev().collect(),
        }
    }
}

pub(crate) type Bounds<'a> = (Bound<&'a [u8]>, Bound<&'a [u8]>);

/// `None` when no key can be in the range, which `BTreeMap::range` would panic on.
pub(crate) fn bounds(range: &KeyRange) -> Option<Bounds<'_>> {
    let start = range.start.as_slice();
    if range.end.is_empty() {
        return Some((Bound::Included(start), Bound::Unbounded));
    }
    (start < range.end.as_slice()).then_some((Bound::Included(start), Bound::Excluded(&range.end)))
}

/// Both sides come in the order of `direction`; where a key is on both, `mine` wins.
fn merge(
    mine: Vec<(Bytes, Option<Bytes>)>,
    below: Vec<Entry>,
    limit: usize,
    direction: Direction,
) -> Vec<Entry> {
    let mut mine = mine.into_iter().peekable();
    let mut below = below.into_iter().peekable();
    let mut merged = Vec::new();
    while merged.len() < limit {
        let order = match (mine.peek(), below.peek()) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((a, _)), Some((b, _))) if direction == Direction::Ascending => a.cmp(b),
            (Some((a, _)), Some((b, _))) => b.cmp(a),
        };
        if order == Ordering::Greater {
            merged.extend(below.next());
            continue;
        }
        if order == Ordering::Equal {
            below.next();
        }
        if let Some((key, Some(value))) = mine.next() {
            merged.push((key, value));
        }
    }
    merged
}

fn within(what: &'static str, bytes: usize, max: usize) -> Result<(), KvError> {
    if bytes > max { Err(KvError::TooLarge { what, bytes, max }) } else { Ok(()) }
}

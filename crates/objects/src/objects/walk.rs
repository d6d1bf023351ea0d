//! Walking the keys of a bucket with a prefix and a delimiter: what both listings are made of.

use crate::{BucketName, ObjectsError};
use bytes::Bytes;
use kv::{KvError, Read};
use names::key::KeyParts;
use names::{Key, KeyRange, Keyspace};

/// Rows read at once. With a delimiter, those of a common prefix are read in vain, so fewer.
const ROWS_PLAIN: usize = 1001;
const ROWS_DELIMITED: usize = 100;

pub(crate) struct Walk<'a> {
    /// Whose keys are (bucket, key, …).
    pub keyspace: Keyspace,
    pub bucket: &'a BucketName,
    pub prefix: &'a str,
    pub delimiter: Option<&'a str>,
    /// The first key of the store that may be given.
    pub start: Start<'a>,
    /// Entries, common prefixes included.
    pub max: usize,
}

pub(crate) enum Start<'a> {
    First,
    /// After this key. When it is itself a common prefix, after everything that begins with it.
    After(&'a str),
    /// After this very key of the store.
    AfterPlace(Key),
}

#[derive(Debug)]
pub(crate) enum Entry {
    Item { key: String, place: Bytes, value: Bytes },
    CommonPrefix(String),
}

#[derive(Debug, Default)]
pub(crate) struct Walked {
    pub entries: Vec<Entry>,
    pub truncated: bool,
}

impl Walk<'_> {
    /// Costs one seek per common prefix, however many keys are under it.
    pub(crate) async fn run(&self, read: &impl Read) -> Result<Walked, ObjectsError> {
        let mut walked = Walked::default();
        let mut range = self.range();
        let rows_max = if self.delimiter.is_some() { ROWS_DELIMITED } else { ROWS_PLAIN };
        loop {
            let rows = read.range(&range, rows_max).await?;
            let full = rows.len() == rows_max;
            let mut grouped: Option<String> = None;
            for (place, value) in rows {
                let key = key_of(self.keyspace, &place)?;
                if grouped.as_ref().is_some_and(|common| key.starts_with(common)) {
                    continue;
                }
                if walked.entries.len() >= self.max {
                    walked.truncated = true;
                    return Ok(walked);
                }
                range.start = after(&place);
                grouped = self.common_prefix(&key).map(str::to_owned);
                walked.entries.push(match &grouped {
                    Some(common) => Entry::CommonPrefix(common.clone()),
                    None => Entry::Item { key, place, value },
                });
            }
            if !full {
                return Ok(walked);
            }
            if let Some(common) = grouped {
                range.start = self.bucket_key().text_prefix(&common).range().end;
            }
        }
    }

    fn bucket_key(&self) -> Key {
        Key::new(self.keyspace).text(self.bucket.as_str())
    }

    fn range(&self) -> KeyRange {
        let mut range = self.bucket_key().text_prefix(self.prefix).range();
        let start = match &self.start {
            Start::First => return range,
            Start::AfterPlace(place) => after(place),
            Start::After(key) if self.common_prefix(key) == Some(*key) => {
                self.bucket_key().text_prefix(key).range().end
            }
            // Everything of this key, which may be several uploads, lies before the successor.
            Start::After(key) => self.bucket_key().text(key).range().end,
        };
        range.start = range.start.max(start);
        range
    }

    /// From the beginning of `key` to the first delimiter after the prefix, that one included.
    fn common_prefix<'k>(&self, key: &'k str) -> Option<&'k str> {
        let delimiter = self.delimiter.filter(|delimiter| !delimiter.is_empty())?;
        let rest = key.strip_prefix(self.prefix)?;
        let end = self.prefix.len() + rest.find(delimiter)? + delimiter.len();
        key.get(..end)
    }
}

fn after(place: &[u8]) -> Vec<u8> {
    let mut start = place.to_vec();
    start.push(0);
    start
}

fn key_of(keyspace: Keyspace, place: &[u8]) -> Result<String, KvError> {
    let corrupt = |error: names::NameError| KvError::Corrupt { kind: "object key", reason: error.0 };
    let mut parts = KeyParts::of(keyspace, place).map_err(corrupt)?;
    parts.text().map_err(corrupt)?;
    parts.text().map_err(corrupt)
}

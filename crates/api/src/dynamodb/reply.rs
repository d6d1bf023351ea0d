//! Answers of operations on items, written as text: items go from the stored form to the wire without a tree between.

use super::model::shape;
use super::parameters::unlisted;
use crate::{ApiError, Reply, ReplyBody};
use serde_json::json;
use tables::Consumed;
use tables::capacity::Units;
use tables::value::{ItemRef, write_item};

/// A JSON object under construction.
pub(super) struct Document(Vec<u8>);

impl Document {
    pub fn new() -> Self {
        Document(b"{".to_vec())
    }

    /// `name` needs no escape.
    pub fn member(&mut self, name: &str) -> &mut Vec<u8> {
        if self.0.len() > 1 {
            self.0.push(b',');
        }
        self.0.push(b'"');
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(b"\":");
        &mut self.0
    }

    pub fn item(&mut self, name: &str, item: ItemRef<'_>) {
        write_item(item, self.member(name));
    }

    pub fn number(&mut self, name: &str, value: u64) {
        self.member(name).extend_from_slice(value.to_string().as_bytes());
    }

    pub fn value(&mut self, name: &str, value: &serde_json::Value) {
        self.member(name).extend_from_slice(value.to_string().as_bytes());
    }

    pub fn into_reply<T: Default>(mut self) -> Reply<T> {
        self.0.push(b'}');
        Reply::new(T::default()).with_body(ReplyBody::Bytes(self.0.into()))
    }
}

/// How much of what was taken is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tell {
    Nothing,
    Total,
    Indexes,
}

impl Tell {
    /// Reads `ReturnConsumedCapacity`.
    ///
    /// # Errors
    /// `ValidationException`.
    pub fn read(given: Option<&str>) -> Result<Self, ApiError> {
        match given {
            None | Some("NONE") => Ok(Tell::Nothing),
            Some("TOTAL") => Ok(Tell::Total),
            Some("INDEXES") => Ok(Tell::Indexes),
            Some(other) => Err(unlisted(&shape::RETURN_CONSUMED_CAPACITY, "returnConsumedCapacity", other)),
        }
    }

    /// `table`: as the request named it.
    pub fn consumed(self, document: &mut Document, table: &str, consumed: &Consumed) {
        if self != Tell::Nothing {
            document.value("ConsumedCapacity", &self.shown(table, consumed));
        }
    }

    pub fn shown(self, table: &str, consumed: &Consumed) -> serde_json::Value {
        let mut shown = json!({ "TableName": table, "CapacityUnits": consumed.total().as_f64() });
        if self == Tell::Indexes
            && let Some(members) = shown.as_object_mut()
        {
            let units = |units: &Units| json!({ "CapacityUnits": units.as_f64() });
            members.insert("Table".to_owned(), units(&consumed.table));
            for (name, indexes) in
                [("LocalSecondaryIndexes", &consumed.local), ("GlobalSecondaryIndexes", &consumed.global)]
            {
                if !indexes.is_empty() {
                    let each = indexes.iter().map(|(name, taken)| (name.clone(), units(taken)));
                    members.insert(name.to_owned(), each.collect());
                }
            }
        }
        shown
    }
}

//! Answers of operations on items, written as text: items go from the stored form to the wire without a tree between.

use super::model::shape;
use super::parameters::unlisted;
use crate::{ApiError, Reply, ReplyBody};
use serde_json::json;
use tables::capacity::Units;
use tables::value::{ItemRef, write_item};
use tables::{Collection, Consumed};

/// A JSON object under construction.
pub(crate) struct Document(Vec<u8>);

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

    pub fn collection(&mut self, name: &str, collection: &Collection) {
        write_collection(collection, self.member(name));
    }

    /// A list, of which `write` writes the elements.
    pub fn list<T>(
        &mut self,
        name: &str,
        elements: impl IntoIterator<Item = T>,
        write: impl FnMut(T, &mut Vec<u8>),
    ) {
        write_list(elements, self.member(name), write);
    }

    /// An object, whose members `write` writes.
    pub fn object(&mut self, name: &str, write: impl FnOnce(&mut Document)) {
        let mut inner = Document::new();
        write(&mut inner);
        self.member(name).extend_from_slice(&inner.into_bytes());
    }

    /// As [`Document::member`], for any name.
    pub fn named(&mut self, name: &str) -> &mut Vec<u8> {
        if self.0.len() > 1 {
            self.0.push(b',');
        }
        self.0.extend_from_slice(serde_json::Value::from(name).to_string().as_bytes());
        self.0.push(b':');
        &mut self.0
    }

    pub fn into_bytes(mut self) -> Vec<u8> {
        self.0.push(b'}');
        self.0
    }

    pub fn into_reply<T: Default>(self) -> Reply<T> {
        Reply::new(T::default()).with_body(ReplyBody::Bytes(self.into_bytes().into()))
    }
}

pub(super) fn write_list<T>(
    elements: impl IntoIterator<Item = T>,
    out: &mut Vec<u8>,
    mut write: impl FnMut(T, &mut Vec<u8>),
) {
    out.push(b'[');
    for (place, element) in elements.into_iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        write(element, out);
    }
    out.push(b']');
}

const GIB: f64 = (1u64 << 30) as f64;

/// The size is told as a range of whole gigabytes around it.
pub(super) fn write_collection(collection: &Collection, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"ItemCollectionKey\":");
    write_item(collection.key.view(), out);
    let lower = (collection.bytes as f64 / GIB).floor();
    out.extend_from_slice(format!(",\"SizeEstimateRangeGB\":[{lower:.1},{:.1}]}}", lower + 1.0).as_bytes());
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

    /// Of a transaction, of which everything taken is of one side: `ReadCapacityUnits` or `WriteCapacityUnits`.
    pub fn shown_as(self, side: &str, table: &str, consumed: &Consumed) -> serde_json::Value {
        fn repeat(side: &str, value: &mut serde_json::Value) {
            let Some(members) = value.as_object_mut() else { return };
            for inner in members.values_mut() {
                repeat(side, inner);
            }
            if let Some(units) = members.get("CapacityUnits").cloned() {
                members.insert(side.to_owned(), units);
            }
        }
        let mut shown = self.shown(table, consumed);
        repeat(side, &mut shown);
        shown
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

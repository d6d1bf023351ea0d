//! Writing stored bytes.

use super::{ITEM_SIZE_MAX, Item, Kind, VERSION, Value, tag};
use crate::Refusal;
use crate::number::Number;

pub(super) fn varint(out: &mut Vec<u8>, length: usize) {
    // A request is far below 4 GiB, and so is whatever it holds.
    let mut rest = length as u32;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

pub(super) fn counted(out: &mut Vec<u8>, bytes: &[u8]) {
    varint(out, bytes.len());
    out.extend_from_slice(bytes);
}

/// Begins a list, map or set; [`end`] fills in what is known only then.
pub(super) fn begin(out: &mut Vec<u8>, tag: u8) -> usize {
    out.push(tag);
    out.extend_from_slice(&[0; 8]);
    out.len()
}

/// `body` is what [`begin`] answered.
pub(super) fn end(out: &mut [u8], body: usize, count: u32) {
    let length = (out.len() - body) as u32;
    put_u32(out, body - 8, length);
    put_u32(out, body - 4, count);
}

fn put_u32(out: &mut [u8], at: usize, value: u32) {
    if let Some(place) = out.get_mut(at..at + 4) {
        place.copy_from_slice(&value.to_le_bytes());
    }
}

/// An item, attribute by attribute. Keeps its size by DynamoDB's rules.
#[derive(Debug)]
pub(crate) struct ItemWriter {
    out: Vec<u8>,
    size: u32,
    count: u32,
}

impl ItemWriter {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        let mut out = Vec::with_capacity(bytes + 9);
        out.push(VERSION);
        out.extend_from_slice(&[0; 8]);
        ItemWriter { out, size: 0, count: 0 }
    }

    pub(crate) fn put(&mut self, name: &str, value: Value<'_>) {
        self.copy(name, value);
        self.grow(name.len() + value.size() as usize);
    }

    /// As [`ItemWriter::put`], for who knows the size, and adds it with [`ItemWriter::grow`].
    pub(crate) fn copy(&mut self, name: &str, value: Value<'_>) {
        counted(&mut self.out, name.as_bytes());
        self.out.extend_from_slice(value.as_bytes());
        self.count += 1;
    }

    pub(crate) fn grow(&mut self, size: usize) {
        self.size = self.size.saturating_add(u32::try_from(size).unwrap_or(u32::MAX));
    }

    /// Adds what was written into [`ItemWriter::out`] by hand.
    pub(super) fn counted_in(&mut self, size: usize, count: u32) {
        self.grow(size);
        self.count += count;
    }

    pub(super) fn out(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }

    pub(crate) fn size(&self) -> u32 {
        self.size
    }

    pub(crate) fn finish(mut self) -> Item {
        put_u32(&mut self.out, 1, self.size);
        put_u32(&mut self.out, 5, self.count);
        Item::from_bytes(self.out)
    }

    /// # Errors
    /// Validation, with `text`, if the item is larger than 400 KB.
    pub(crate) fn finish_within_limit(self, text: &str) -> Result<Item, Refusal> {
        if self.size() > ITEM_SIZE_MAX { Err(Refusal::validation(text)) } else { Ok(self.finish()) }
    }
}

pub(crate) fn number_value(number: Number) -> Vec<u8> {
    let encoded = number.encode();
    let mut out = Vec::with_capacity(1 + encoded.as_bytes().len());
    out.push(tag::N);
    out.extend_from_slice(encoded.as_bytes());
    out
}

/// One list after the other; `None` unless both are lists.
pub(crate) fn list_value(first: Value<'_>, second: Value<'_>) -> Option<Vec<u8>> {
    if first.kind() != Kind::L || second.kind() != Kind::L {
        return None;
    }
    let mut out = Vec::with_capacity(first.as_bytes().len() + second.as_bytes().len());
    let body = begin(&mut out, tag::L);
    out.extend_from_slice(first.payload());
    out.extend_from_slice(second.payload());
    end(&mut out, body, first.len() + second.len());
    Some(out)
}

/// What becomes of two sets of one type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Set {
    Union,
    Difference,
}

/// Merges two sets of the same type; `None` for an empty outcome, which no attribute may have.
pub(crate) fn set_value(left: Value<'_>, right: Value<'_>, how: Set) -> Option<Vec<u8>> {
    use std::cmp::Ordering::*;
    let (tag, counts) = match left.as_bytes().first() {
        Some(&tag::NS) => (tag::NS, false),
        Some(&tag::BS) => (tag::BS, true),
        _ => (tag::SS, true),
    };
    let mut out = Vec::with_capacity(left.as_bytes().len() + right.as_bytes().len());
    let (body, mut count) = (begin(&mut out, tag), 0);
    let mut put = |member: &[u8]| {
        count += 1;
        if counts { counted(&mut out, member) } else { out.extend_from_slice(member) }
    };
    let (mut lefts, mut rights) = (left.members().peekable(), right.members().peekable());
    loop {
        let order = match (lefts.peek(), rights.peek()) {
            (None, None) => break,
            (Some(_), None) => Less,
            (None, Some(_)) => Greater,
            (Some(left), Some(right)) => left.cmp(right),
        };
        let left = if order == Greater { None } else { lefts.next() };
        let right = if order == Less { None } else { rights.next() };
        match (left, right, how) {
            (Some(member), None, _) => put(member),
            (Some(member), Some(_), Set::Union) | (None, Some(member), Set::Union) => put(member),
            _ => {}
        }
    }
    end(&mut out, body, count);
    (count > 0).then_some(out)
}

//! Attribute values: the ten types, kept as bytes and read where they lie.
//!
//! ```text
//! item    version(1) size(u32) count(u32) { name value }*      size: by DynamoDB's rules, in bytes
//! name    length(varint) UTF-8
//! value   NULL 00 | false 01 | true 02
//!         N  03 number                        the ordered bytes of `number`, which end themselves
//!         S  04 length(varint) UTF-8
//!         B  05 length(varint) bytes
//!         L  06 length(u32) count(u32) value*
//!         M  07 length(u32) count(u32) { name value }*
//!         SS 08 length(u32) count(u32) { length(varint) UTF-8 }*    members ascending, so that equal sets
//!         NS 09 length(u32) count(u32) number*                      have equal bytes
//!         BS 0A length(u32) count(u32) { length(varint) bytes }*
//! ```
//!
//! Integers are little-endian. A value's end is known from its beginning: looking for an attribute skips over the others.
//! The order of attributes and of a map's members is the order in which they came.

mod compare;
mod decode;
mod edit;
mod encode;
mod json;
mod owned;
mod path;
mod project;
mod read;
mod write;

#[cfg(test)]
pub(crate) mod tests;

pub use compare::{equal, order};
pub(crate) use decode::too_deep;
pub use decode::{decode_item, decode_value};
pub(crate) use edit::Tree;
pub(crate) use encode::write_text;
pub use encode::{write_item, write_value};
pub(crate) use json::Reader;
pub(crate) use path::Clash;
pub use path::{Path, Step};
pub use project::Projection;
pub use read::{Attributes, Elements, ItemRef, Members, Value};
#[cfg(test)]
pub(crate) use tests::{any_item, any_value};
pub(crate) use write::{ItemWriter, Set, list_value, number_value, set_value};

/// 400 KB: an item's attribute names and values together.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-items>
pub const ITEM_SIZE_MAX: u32 = 400 * 1024;
/// Lists and maps inside each other. What the innermost holds is the 32nd level, of which the documentation speaks; 32
/// maps around a string are refused.
pub const NESTING_MAX: u32 = 31;
/// Bytes of an attribute's name.
pub const NAME_LEN_MAX: usize = 65_535;

const VERSION: u8 = 1;

mod tag {
    pub const NULL: u8 = 0;
    pub const FALSE: u8 = 1;
    pub const TRUE: u8 = 2;
    pub const N: u8 = 3;
    pub const S: u8 = 4;
    pub const B: u8 = 5;
    pub const L: u8 = 6;
    pub const M: u8 = 7;
    pub const SS: u8 = 8;
    pub const NS: u8 = 9;
    pub const BS: u8 = 10;
}

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    S,
    N,
    B,
    Bool,
    Null,
    M,
    L,
    SS,
    NS,
    BS,
}

impl Kind {
    pub const ALL: [Kind; 10] =
        [Kind::B, Kind::Null, Kind::SS, Kind::Bool, Kind::L, Kind::BS, Kind::N, Kind::NS, Kind::S, Kind::M];

    /// The member of an `AttributeValue` that holds it on the wire.
    pub fn wire_name(self) -> &'static str {
        match self {
            Kind::S => "S",
            Kind::N => "N",
            Kind::B => "B",
            Kind::Bool => "BOOL",
            Kind::Null => "NULL",
            Kind::M => "M",
            Kind::L => "L",
            Kind::SS => "SS",
            Kind::NS => "NS",
            Kind::BS => "BS",
        }
    }

    pub fn from_wire_name(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.wire_name() == name)
    }

    /// What some of DynamoDB's texts call it.
    pub(crate) fn long_name(self) -> &'static str {
        match self {
            Kind::S => "STRING",
            Kind::N => "NUMBER",
            Kind::B => "BINARY",
            Kind::Bool => "BOOLEAN",
            Kind::Null => "NULL",
            Kind::M => "MAP",
            Kind::L => "LIST",
            Kind::SS => "STRING_SET",
            Kind::NS => "NUMBER_SET",
            Kind::BS => "BINARY_SET",
        }
    }

    pub fn is_set(self) -> bool {
        matches!(self, Kind::SS | Kind::NS | Kind::BS)
    }

    /// Whether `<`, `BETWEEN` and the like have a meaning for it; also the types a key may have.
    pub fn is_ordered(self) -> bool {
        matches!(self, Kind::S | Kind::N | Kind::B)
    }
}

/// An item in its stored form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item(Vec<u8>);

impl Item {
    pub(crate) fn from_bytes(bytes: Vec<u8>) -> Self {
        Item(bytes)
    }

    pub fn view(&self) -> ItemRef<'_> {
        ItemRef::of_written(&self.0)
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// A value of its own, in its stored form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedValue(Vec<u8>);

impl OwnedValue {
    pub fn null() -> Self {
        OwnedValue(vec![tag::NULL])
    }

    pub(crate) fn from_bytes(bytes: Vec<u8>) -> Self {
        OwnedValue(bytes)
    }

    pub(crate) fn of(value: Value<'_>) -> Self {
        OwnedValue(value.as_bytes().to_vec())
    }

    pub fn view(&self) -> Value<'_> {
        Value::of_written(&self.0)
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

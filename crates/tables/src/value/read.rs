//! Reading stored bytes where they lie.
//!
//! Records carry checksums, so bytes that are read were written by this code. Should they not be, a reader sees fewer
//! attributes, and never panics.

use super::{Kind, NESTING_MAX, VERSION, tag};
use crate::error::Corrupt;
use crate::number::{self, Number};

const HEADER_LEN: usize = 9;

/// A stored item.
#[derive(Debug, Clone, Copy)]
pub struct ItemRef<'a>(&'a [u8]);

impl<'a> ItemRef<'a> {
    /// # Errors
    /// `Corrupt` for another version, or for bytes that are too short to be one. What follows is checked as it is read.
    pub fn from_stored(bytes: &'a [u8]) -> Result<Self, Corrupt> {
        if bytes.len() < HEADER_LEN || bytes.first() != Some(&VERSION) {
            return Err(Corrupt);
        }
        Ok(ItemRef(bytes))
    }

    /// An item without attributes: what conditions ask about where there is none.
    pub const EMPTY: ItemRef<'static> = ItemRef(&[VERSION, 0, 0, 0, 0, 0, 0, 0, 0]);

    pub(super) fn of_written(bytes: &'a [u8]) -> Self {
        ItemRef(bytes)
    }

    pub fn as_bytes(&self) -> &'a [u8] {
        self.0
    }

    /// Bytes by DynamoDB's rules, as 400 KB limits them and capacity units count them.
    pub fn size(&self) -> u32 {
        u32_at(self.0, 1)
    }

    /// How many attributes.
    pub fn len(&self) -> u32 {
        u32_at(self.0, 5)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn attributes(&self) -> Attributes<'a> {
        Attributes(self.0.get(HEADER_LEN..).unwrap_or_default())
    }

    pub fn get(&self, name: &str) -> Option<Value<'a>> {
        self.attributes().find(name)
    }
}

/// Names and values, in the order they came.
#[derive(Debug, Clone, Copy)]
pub struct Attributes<'a>(&'a [u8]);

impl<'a> Attributes<'a> {
    fn find(self, name: &str) -> Option<Value<'a>> {
        let mut rest = self.0;
        while let Some((found, after)) = take_counted(rest) {
            let (value, after) = take_value(after)?;
            if found == name.as_bytes() {
                return Some(value);
            }
            rest = after;
        }
        None
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (&'a str, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, rest) = take_counted(self.0)?;
        let (value, rest) = take_value(rest)?;
        self.0 = rest;
        Some((std::str::from_utf8(name).ok()?, value))
    }
}

/// Exactly one stored value.
#[derive(Debug, Clone, Copy)]
pub struct Value<'a>(&'a [u8]);

/// A list's elements.
#[derive(Debug, Clone, Copy)]
pub struct Elements<'a>(&'a [u8]);

/// A set's members: their bytes, for numbers the ordered ones.
#[derive(Debug, Clone, Copy)]
pub struct Members<'a> {
    numbers: bool,
    rest: &'a [u8],
}

impl<'a> Value<'a> {
    pub(crate) fn of_written(bytes: &'a [u8]) -> Self {
        Value(bytes)
    }

    pub(crate) fn as_bytes(&self) -> &'a [u8] {
        self.0
    }

    pub fn kind(&self) -> Kind {
        match self.0.first() {
            Some(&(tag::FALSE | tag::TRUE)) => Kind::Bool,
            Some(&tag::N) => Kind::N,
            Some(&tag::S) => Kind::S,
            Some(&tag::B) => Kind::B,
            Some(&tag::L) => Kind::L,
            Some(&tag::M) => Kind::M,
            Some(&tag::SS) => Kind::SS,
            Some(&tag::NS) => Kind::NS,
            Some(&tag::BS) => Kind::BS,
            _ => Kind::Null,
        }
    }

    pub fn as_bool(&self) -> Option<bool> {
        match self.0.first() {
            Some(&tag::TRUE) => Some(true),
            Some(&tag::FALSE) => Some(false),
            _ => None,
        }
    }

    pub fn as_str(&self) -> Option<&'a str> {
        (self.kind() == Kind::S).then(|| std::str::from_utf8(self.payload()).ok()).flatten()
    }

    pub fn as_number(&self) -> Option<Number> {
        (self.kind() == Kind::N)
            .then(|| Number::decode(self.payload()).ok())
            .flatten()
            .map(|(number, _)| number)
    }

    /// The bytes of a string or binary, a number's ordered bytes, the contents of a list, map or set; empty for others.
    pub(crate) fn payload(&self) -> &'a [u8] {
        let rest = self.0.get(1..).unwrap_or_default();
        match self.0.first() {
            Some(&tag::N) => rest,
            Some(&(tag::S | tag::B)) => take_counted(rest).map_or(&[], |(bytes, _)| bytes),
            Some(&(tag::L | tag::M | tag::SS | tag::NS | tag::BS)) => rest.get(8..).unwrap_or_default(),
            _ => &[],
        }
    }

    /// Elements of a list, members of a map or set; 0 for others.
    pub fn len(&self) -> u32 {
        match self.kind() {
            Kind::L | Kind::M | Kind::SS | Kind::NS | Kind::BS => u32_at(self.0, 5),
            _ => 0,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Of a list; nothing for others.
    pub fn elements(&self) -> Elements<'a> {
        Elements(if self.kind() == Kind::L { self.payload() } else { &[] })
    }

    /// Of a map; nothing for others.
    pub fn attributes(&self) -> Attributes<'a> {
        Attributes(if self.kind() == Kind::M { self.payload() } else { &[] })
    }

    pub fn attribute(&self, name: &str) -> Option<Value<'a>> {
        self.attributes().find(name)
    }

    /// Of a set; nothing for others.
    pub fn members(&self) -> Members<'a> {
        Members {
            numbers: self.kind() == Kind::NS,
            rest: if self.kind().is_set() { self.payload() } else { &[] },
        }
    }

    /// Bytes by DynamoDB's rules, without a name.
    pub fn size(&self) -> u32 {
        self.size_within(NESTING_MAX + 1)
    }

    fn size_within(&self, levels: u32) -> u32 {
        let Some(inner) = levels.checked_sub(1) else { return 0 };
        match self.kind() {
            Kind::Null | Kind::Bool => 1,
            Kind::S | Kind::B => self.payload().len() as u32,
            Kind::N => self.as_number().map_or(1, |number| number.size()),
            Kind::L => 3 + self.elements().map(|value| 1 + value.size_within(inner)).sum::<u32>(),
            Kind::M => {
                let member = |(name, value): (&str, Value)| 1 + name.len() as u32 + value.size_within(inner);
                3 + self.attributes().map(member).sum::<u32>()
            }
            Kind::SS | Kind::BS => self.members().map(|member| member.len() as u32).sum(),
            Kind::NS => self.members().filter_map(|m| Number::decode(m).ok()).map(|(n, _)| n.size()).sum(),
        }
    }

    /// Lists and maps inside each other, this one included.
    pub(crate) fn nesting(&self) -> u32 {
        self.nesting_within(NESTING_MAX + 1)
    }

    fn nesting_within(&self, levels: u32) -> u32 {
        let Some(inner) = levels.checked_sub(1) else { return 0 };
        match self.kind() {
            Kind::L => 1 + self.elements().map(|value| value.nesting_within(inner)).max().unwrap_or(0),
            Kind::M => 1 + self.attributes().map(|(_, value)| value.nesting_within(inner)).max().unwrap_or(0),
            _ => 0,
        }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        let (value, rest) = take_value(self.0)?;
        self.0 = rest;
        Some(value)
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (member, rest) = if self.numbers {
            self.rest.split_at_checked(number::encoded_len(self.rest)?)?
        } else {
            take_counted(self.rest)?
        };
        self.rest = rest;
        Some(member)
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |four| u32::from_le_bytes(*four))
}

/// A varint length and as many bytes.
fn take_counted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (mut length, mut rest) = (0usize, bytes);
    for shift in [0, 7, 14, 21, 28] {
        let (&byte, after) = rest.split_first()?;
        length |= usize::from(byte & 0x7F) << shift;
        rest = after;
        if byte < 0x80 {
            return rest.split_at_checked(length);
        }
    }
    None
}

fn take_value(bytes: &[u8]) -> Option<(Value<'_>, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    let after = match first {
        tag::NULL | tag::FALSE | tag::TRUE => rest,
        tag::N => rest.get(number::encoded_len(rest)?..)?,
        tag::S | tag::B => take_counted(rest)?.1,
        tag::L | tag::M | tag::SS | tag::NS | tag::BS => {
            rest.get(8usize.checked_add(u32_at(rest, 0) as usize)?..)?
        }
        _ => return None,
    };
    let (value, after) = bytes.split_at_checked(bytes.len() - after.len())?;
    Some((Value(value), after))
}

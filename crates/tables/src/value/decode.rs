//! From wire JSON to the stored form, in one pass and without a tree between: checked, measured and written as it is read.

mod names;
mod set;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use self::names::DuplicateNames;
use super::json::Reader;
use super::write::{ItemWriter, begin, counted, end};
use super::{Item, NAME_LEN_MAX, NESTING_MAX, OwnedValue, tag};
use crate::Refusal;
use crate::number::Number;

/// Reads an item as `Item` and `Key` are on the wire: `{"name": {"S": "…"}, …}`.
///
/// # Errors
/// Validation with DynamoDB's texts, also for an item above 400 KB; serialization for what is not JSON or has members of
/// other JSON types.
pub fn decode_item(json: &str) -> Result<Item, Refusal> {
    let mut decoder = Decoder::new(json);
    let mut writer = ItemWriter::with_capacity(json.len());
    let (count, size) = decoder.attributes(writer.out(), 0)?;
    decoder.reader.finish()?;
    // Members of a map cost a byte each; attributes of an item do not.
    writer.counted_in(size - count as usize, count);
    writer.finish_within_limit("Item size has exceeded the maximum allowed size")
}

/// Reads one `AttributeValue`.
///
/// # Errors
/// As [`decode_item`], but of any size.
pub fn decode_value(json: &str) -> Result<OwnedValue, Refusal> {
    let mut decoder = Decoder::new(json);
    let mut out = Vec::with_capacity(json.len());
    decoder.value(&mut out, 0)?;
    decoder.reader.finish()?;
    Ok(OwnedValue::from_bytes(out))
}

/// Reads attribute values out of a text.
#[derive(Debug)]
pub(crate) struct Decoder<'a> {
    reader: Reader<'a>,
    seen: DuplicateNames,
}

impl<'a> Decoder<'a> {
    fn new(json: &'a str) -> Self {
        Decoder { reader: Reader::new(json), seen: DuplicateNames::default() }
    }

    /// Answers how many, and their size with names and a byte each.
    fn attributes(&mut self, out: &mut Vec<u8>, depth: u32) -> Result<(u32, usize), Refusal> {
        let (mut count, mut size) = (0u32, 0usize);
        let before = self.seen.begin();
        self.reader.begin_object()?;
        while let Some(name) = self.reader.key(count == 0)? {
            if name.is_empty() {
                return Err(Refusal::validation(
                    "One or more parameter values were invalid: An attribute name may not be empty",
                ));
            }
            if name.len() > NAME_LEN_MAX {
                return Err(Refusal::validation(
                    "One or more parameter values were invalid: Attribute name is too large, must be less than 65536 bytes",
                ));
            }
            counted(out, name.as_bytes());
            self.seen.add(out.len() - name.len(), name.len());
            size += 1 + name.len() + self.value(out, depth)?;
            count += 1;
        }
        self.seen.end(before, out)?;
        Ok((count, size))
    }

    /// `depth` lists and maps are around it. Answers its size.
    fn value(&mut self, out: &mut Vec<u8>, depth: u32) -> Result<usize, Refusal> {
        self.reader.begin_object()?;
        let (mut size, mut first) = (None, true);
        while let Some(name) = self.reader.key(first)? {
            first = false;
            // A member that is null is one that is not there.
            if self.reader.null()? {
                continue;
            }
            if size.is_some() {
                return Err(Refusal::validation(
                    "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
                ));
            }
            size = Some(match &*name {
                "S" => self.string(out)?,
                "N" => self.number(out)?,
                "B" => self.binary(out)?,
                "BOOL" => {
                    out.push(if self.reader.boolean()? { tag::TRUE } else { tag::FALSE });
                    1
                }
                "NULL" => self.null(out)?,
                "M" => {
                    let (body, inner) = (begin(out, tag::M), deeper(depth)?);
                    let (count, size) = self.attributes(out, inner)?;
                    end(out, body, count);
                    3 + size
                }
                "L" => self.list(out, deeper(depth)?)?,
                "SS" => self.set(out, tag::SS)?,
                "NS" => self.set(out, tag::NS)?,
                "BS" => self.set(out, tag::BS)?,
                // Of a type that we do not know, which is no type.
                _ => return Err(empty()),
            });
        }
        size.ok_or_else(empty)
    }

    fn string(&mut self, out: &mut Vec<u8>) -> Result<usize, Refusal> {
        let text = self.reader.string()?;
        out.push(tag::S);
        counted(out, text.as_bytes());
        Ok(text.len())
    }

    fn number(&mut self, out: &mut Vec<u8>) -> Result<usize, Refusal> {
        let number = self.read_number()?;
        out.push(tag::N);
        out.extend_from_slice(number.encode().as_bytes());
        Ok(number.size() as usize)
    }

    fn read_number(&mut self) -> Result<Number, Refusal> {
        let text = self.reader.string()?;
        text.parse::<Number>().map_err(|error| match error {
            crate::number::NumberError::NotANumber if !text.is_empty() => {
                Refusal::validation(format!("The parameter cannot be converted to a numeric value: {text}"))
            }
            error => error.into(),
        })
    }

    fn binary(&mut self, out: &mut Vec<u8>) -> Result<usize, Refusal> {
        let bytes = self.read_binary()?;
        out.push(tag::B);
        counted(out, &bytes);
        Ok(bytes.len())
    }

    fn read_binary(&mut self) -> Result<Vec<u8>, Refusal> {
        let text = self.reader.string()?;
        STANDARD
            .decode(text.as_bytes())
            .map_err(|_| Refusal::serialization("Base64 of a binary value is not valid"))
    }

    fn null(&mut self, out: &mut Vec<u8>) -> Result<usize, Refusal> {
        if !self.reader.boolean()? {
            return Err(Refusal::validation(
                "One or more parameter values were invalid: Null attribute value types must have the value of true",
            ));
        }
        out.push(tag::NULL);
        Ok(1)
    }

    fn list(&mut self, out: &mut Vec<u8>, depth: u32) -> Result<usize, Refusal> {
        let (body, mut count, mut size) = (begin(out, tag::L), 0, 3);
        self.reader.begin_list()?;
        while self.reader.another(count == 0)? {
            size += 1 + self.value(out, depth)?;
            count += 1;
        }
        end(out, body, count);
        Ok(size)
    }
}

fn empty() -> Refusal {
    Refusal::validation(
        "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
    )
}

fn deeper(depth: u32) -> Result<u32, Refusal> {
    if depth >= NESTING_MAX { Err(too_deep()) } else { Ok(depth + 1) }
}

pub(crate) fn too_deep() -> Refusal {
    Refusal::validation(
        "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit",
    )
}

use crate::Refusal;
use crate::key::KeyKind;
use crate::table::AttributeDefinition;
use crate::value::{Item, decode_item, write_text};
use std::borrow::Cow;
use std::collections::HashSet;

/// What the columns are called, and of which types they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvHeader {
    columns: Vec<(String, KeyKind)>,
}

impl CsvHeader {
    /// Attributes of keys have the types that they are defined with; all others are strings.
    ///
    /// # Errors
    /// A name is empty, or comes twice.
    pub fn new(names: Vec<String>, attributes: &[AttributeDefinition]) -> Result<Self, Refusal> {
        let mut seen = HashSet::new();
        if !names.iter().all(|name| !name.is_empty() && seen.insert(name.as_str())) {
            return Err(Refusal::validation("A column of the header has no name, or that of another one"));
        }
        let kind = |name: &String| attributes.iter().find(|one| one.name == *name).map(|one| one.kind);
        let columns = names.iter().map(|name| (name.clone(), kind(name).unwrap_or(KeyKind::S))).collect();
        Ok(CsvHeader { columns })
    }

    /// # Errors
    /// Quotes that are not escaped, another number of columns than the header's, or no item.
    pub fn read(&self, line: &str, delimiter: char) -> Result<Item, Refusal> {
        let fields = fields(line, delimiter)?;
        if fields.len() != self.columns.len() {
            return Err(Refusal::validation(format!(
                "The line has {} columns, the header {}",
                fields.len(),
                self.columns.len()
            )));
        }
        let mut json = Vec::with_capacity(line.len() * 2);
        for (at, ((name, kind), field)) in self.columns.iter().zip(&fields).enumerate() {
            json.push(if at == 0 { b'{' } else { b',' });
            write_text(name.as_bytes(), &mut json);
            json.extend_from_slice(b":{\"");
            json.extend_from_slice(kind.kind().wire_name().as_bytes());
            json.extend_from_slice(b"\":");
            write_text(field.as_bytes(), &mut json);
            json.push(b'}');
        }
        json.push(b'}');
        decode_item(std::str::from_utf8(&json).map_err(|_| unescaped())?)
    }
}

/// The fields of a line; those between double quotes may hold anything, two quotes standing for one.
///
/// # Errors
/// A quote that is not escaped.
pub fn fields(line: &str, delimiter: char) -> Result<Vec<Cow<'_, str>>, Refusal> {
    let (mut found, mut rest) = (Vec::new(), line);
    loop {
        let (field, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_field(quoted)?,
            None => {
                let end = rest.find(delimiter).unwrap_or(rest.len());
                let (field, after) = rest.split_at_checked(end).ok_or_else(unescaped)?;
                if field.contains('"') {
                    return Err(unescaped());
                }
                (Cow::Borrowed(field), after)
            }
        };
        found.push(field);
        if after.is_empty() {
            return Ok(found);
        }
        rest = after.strip_prefix(delimiter).ok_or_else(unescaped)?;
    }
}

/// `text` begins behind the first quote. Answers the field, and what follows the last quote.
fn quoted_field(text: &str) -> Result<(Cow<'_, str>, &str), Refusal> {
    let (mut field, mut rest) = (Cow::Borrowed(""), text);
    loop {
        let (run, after) = rest.split_once('"').ok_or_else(unescaped)?;
        if field.is_empty() {
            field = Cow::Borrowed(run);
        } else {
            field.to_mut().push_str(run);
        }
        let Some(escaped) = after.strip_prefix('"') else { return Ok((field, after)) };
        field.to_mut().push('"');
        rest = escaped;
    }
}

fn unescaped() -> Refusal {
    Refusal::validation("A double quote is not escaped")
}

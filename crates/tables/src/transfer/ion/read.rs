use super::token::Text;
use super::{KEYWORDS, SETS, VERSION_MARKER};
use crate::Refusal;
use crate::value::{Item, NESTING_MAX, decode_item, too_deep, write_text};

/// Reads `$ion_1_0 {Item: {…}}`; the marker may be missing.
///
/// # Errors
/// It is not that, or no item.
pub fn read_ion_line(line: &str) -> Result<Item, Refusal> {
    let mut reader = Reader { text: Text::new(line), json: Vec::with_capacity(line.len()) };
    reader.text.take(VERSION_MARKER);
    reader.text.expect("{")?;
    if reader.name()? != "Item" {
        return Err(Refusal::validation("The line has no member Item"));
    }
    reader.text.expect("{")?;
    reader.members(0)?;
    reader.text.take(",");
    reader.text.expect("}")?;
    if reader.text.peek().is_some() {
        return Err(reader.text.malformed());
    }
    // Written by ourselves out of strings.
    decode_item(std::str::from_utf8(&reader.json).map_err(|_| reader.text.malformed())?)
}

/// Makes of Ion what an item is on DynamoDB's wire, which checks it.
struct Reader<'a> {
    text: Text<'a>,
    json: Vec<u8>,
}

impl Reader<'_> {
    /// Behind the opening brace.
    fn members(&mut self, depth: u32) -> Result<(), Refusal> {
        self.json.push(b'{');
        let mut first = true;
        while !self.text.take("}") {
            if !first {
                self.text.expect(",")?;
                if self.text.take("}") {
                    break;
                }
                self.json.push(b',');
            }
            first = false;
            let name = self.name()?;
            write_text(name.as_bytes(), &mut self.json);
            self.json.push(b':');
            self.value(depth)?;
        }
        self.json.push(b'}');
        Ok(())
    }

    /// A field's name and its colon.
    fn name(&mut self) -> Result<String, Refusal> {
        let name = match self.text.peek() {
            Some(quote @ ('"' | '\'')) => self.text.quoted(quote)?,
            _ => {
                let name = self.text.identifier();
                let is_number =
                    name.strip_prefix('$').is_some_and(|id| id.bytes().all(|b| b.is_ascii_digit()));
                let is_name = name.bytes().next().is_some_and(|byte| !byte.is_ascii_digit());
                if !is_name || is_number || KEYWORDS.contains(&name) {
                    return Err(self.text.malformed());
                }
                name.to_owned()
            }
        };
        self.text.expect(":")?;
        Ok(name)
    }

    /// `depth` lists and structures are around it.
    fn value(&mut self, depth: u32) -> Result<(), Refusal> {
        match self.text.peek() {
            Some('{') if self.text.take("{{") => self.tagged("B", Reader::blob),
            Some('{') => {
                let inner = deeper(depth)?;
                self.text.expect("{")?;
                self.tagged("M", |reader| reader.members(inner))
            }
            Some('[') => {
                let inner = deeper(depth)?;
                self.tagged("L", |reader| reader.list(|reader| reader.value(inner)))
            }
            Some('"') => self.tagged("S", |reader| reader.string()),
            Some('\'') => self.quoted_value(),
            Some('-' | '0'..='9') => self.tagged("N", |reader| reader.number()),
            _ => {
                let word = self.text.identifier();
                match word {
                    "true" | "false" => self.plain("BOOL", word),
                    "null" => {
                        // `null.string` and the like.
                        self.text.run(|letter| letter.is_ascii_lowercase() || letter == '.');
                        self.plain("NULL", "true")
                    }
                    annotation => self.annotated(annotation),
                }
            }
        }
    }

    /// A long string, or an annotation in quotes.
    fn quoted_value(&mut self) -> Result<(), Refusal> {
        let is_long = self.text.is_next("'''");
        let text = self.text.quoted('\'')?;
        if is_long {
            return self.tagged("S", |reader| {
                write_text(text.as_bytes(), &mut reader.json);
                Ok(())
            });
        }
        self.annotated(&text)
    }

    fn annotated(&mut self, annotation: &str) -> Result<(), Refusal> {
        let set = SETS.iter().find(|(known, _)| *known == annotation).map(|(_, wire)| *wire);
        let set = set.ok_or_else(|| self.text.malformed())?;
        self.text.expect("::")?;
        self.tagged(set, |reader| {
            reader.list(|reader| match set {
                "NS" => reader.number(),
                "BS" => {
                    reader.text.expect("{{")?;
                    reader.blob()
                }
                _ => reader.string(),
            })
        })
    }

    fn plain(&mut self, tag: &str, value: &str) -> Result<(), Refusal> {
        self.tagged(tag, |reader| {
            reader.json.extend_from_slice(value.as_bytes());
            Ok(())
        })
    }

    fn tagged(
        &mut self,
        tag: &str,
        value: impl FnOnce(&mut Self) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        self.json.extend_from_slice(b"{\"");
        self.json.extend_from_slice(tag.as_bytes());
        self.json.extend_from_slice(b"\":");
        value(self)?;
        self.json.push(b'}');
        Ok(())
    }

    fn list(&mut self, mut element: impl FnMut(&mut Self) -> Result<(), Refusal>) -> Result<(), Refusal> {
        self.text.expect("[")?;
        self.json.push(b'[');
        let mut first = true;
        while !self.text.take("]") {
            if !first {
                self.text.expect(",")?;
                if self.text.take("]") {
                    break;
                }
                self.json.push(b',');
            }
            first = false;
            element(self)?;
        }
        self.json.push(b']');
        Ok(())
    }

    fn string(&mut self) -> Result<(), Refusal> {
        let text = match self.text.peek() {
            Some('"') => self.text.quoted('"')?,
            _ if self.text.is_next("'''") => self.text.quoted('\'')?,
            _ => return Err(self.text.malformed()),
        };
        write_text(text.as_bytes(), &mut self.json);
        Ok(())
    }

    /// An integer, a decimal or a float; DynamoDB has one type for them all, and says what is none.
    fn number(&mut self) -> Result<(), Refusal> {
        let part = |letter: char| {
            letter.is_ascii_digit() || matches!(letter, '-' | '+' | '.' | '_' | 'd' | 'D' | 'e' | 'E')
        };
        let text = self.text.run(part).replace('_', "").replace(['d', 'D', 'e'], "E");
        let text = text.strip_suffix('.').unwrap_or(&text).replace(".E", "E");
        write_text(text.as_bytes(), &mut self.json);
        Ok(())
    }

    /// Behind the opening braces.
    fn blob(&mut self) -> Result<(), Refusal> {
        let base64 = self.text.blob()?;
        write_text(base64.as_bytes(), &mut self.json);
        Ok(())
    }
}

fn deeper(depth: u32) -> Result<u32, Refusal> {
    if depth >= NESTING_MAX { Err(too_deep()) } else { Ok(depth + 1) }
}

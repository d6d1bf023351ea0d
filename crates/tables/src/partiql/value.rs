//! Literals. They become wire JSON, which is read as all values are: with the same checks and the same words.

use super::parser::Parser;
use super::token::{Token, malformed};
use crate::Refusal;
use crate::value::{Item, ItemWriter, Kind, OwnedValue, decode_value, write_text, write_value};

impl Parser<'_> {
    /// Whether a literal or a parameter is next.
    pub(super) fn is_value(&self) -> bool {
        match self.peek() {
            Token::Text(_) | Token::Number(_) => true,
            Token::Word(word) => {
                ["true", "false", "null"].iter().any(|known| word.eq_ignore_ascii_case(known))
            }
            Token::Sign(sign) => ["?", "-", "+", "[", "{", "<<"].contains(&sign.as_str()),
            Token::Quoted(_) | Token::End => false,
        }
    }

    pub(super) fn value(&mut self) -> Result<OwnedValue, Refusal> {
        decode_value(&self.json()?)
    }

    /// A map as an item.
    pub(super) fn item(&mut self) -> Result<Item, Refusal> {
        let value = self.value()?;
        if value.view().kind() != Kind::M {
            return Err(malformed("VALUE must be a tuple"));
        }
        let mut writer = ItemWriter::with_capacity(64);
        for (name, value) in value.view().attributes() {
            writer.put(name, value);
        }
        writer.finish_within_limit("Item size has exceeded the maximum allowed size")
    }

    fn json(&mut self) -> Result<String, Refusal> {
        if self.take_sign("?") {
            return self.parameter().map(str::to_owned);
        }
        if self.take_sign("[") {
            return Ok(format!("{{\"L\":[{}]}}", self.elements("]")?.join(",")));
        }
        if self.take_sign("<<") {
            return self.set();
        }
        if self.take_sign("{") {
            return self.map();
        }
        for (word, json) in
            [("true", r#"{"BOOL":true}"#), ("false", r#"{"BOOL":false}"#), ("null", r#"{"NULL":true}"#)]
        {
            if self.take_word(word) {
                return Ok(json.to_owned());
            }
        }
        let sign = if self.take_sign("-") {
            "-"
        } else {
            self.take_sign("+");
            ""
        };
        let json = match self.peek() {
            Token::Number(digits) => format!("{{\"N\":\"{sign}{digits}\"}}"),
            Token::Text(text) if sign.is_empty() => format!("{{\"S\":{}}}", quoted(text)),
            _ => return Err(self.unexpected()),
        };
        self.skip();
        Ok(json)
    }

    /// To the sign that ends them.
    fn elements(&mut self, end: &str) -> Result<Vec<String>, Refusal> {
        let mut elements = Vec::new();
        if self.take_sign(end) {
            return Ok(elements);
        }
        loop {
            elements.push(self.deeper(Self::json)?);
            if self.take_sign(end) {
                return Ok(elements);
            }
            self.expect_sign(",")?;
        }
    }

    fn map(&mut self) -> Result<String, Refusal> {
        let mut members = Vec::new();
        let mut is_end = self.take_sign("}");
        while !is_end {
            let (Token::Text(name) | Token::Quoted(name)) = self.peek() else {
                return Err(self.unexpected());
            };
            let name = quoted(name);
            self.skip();
            self.expect_sign(":")?;
            members.push(format!("{name}:{}", self.deeper(Self::json)?));
            is_end = self.take_sign("}");
            if !is_end {
                self.expect_sign(",")?;
            }
        }
        Ok(format!("{{\"M\":{{{}}}}}", members.join(",")))
    }

    /// Members of one type, which is the set's.
    fn set(&mut self) -> Result<String, Refusal> {
        let (mut kind, mut members) = (None, Vec::new());
        for json in self.elements(">>")? {
            let value = decode_value(&json)?;
            let found = value.view().kind();
            if !found.is_ordered() || *kind.get_or_insert(found) != found {
                return Err(malformed("All members of a set must be of one type: string, number or binary"));
            }
            let mut text = Vec::new();
            write_value(value.view(), &mut text);
            // What is in `{"S":…}`.
            let text = String::from_utf8_lossy(&text);
            members.push(text.get(5..text.len().saturating_sub(1)).unwrap_or_default().to_owned());
        }
        let kind = kind.ok_or_else(|| malformed("A set must not be empty"))?.wire_name();
        Ok(format!("{{\"{kind}S\":[{}]}}", members.join(",")))
    }
}

fn quoted(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len() + 2);
    write_text(text.as_bytes(), &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

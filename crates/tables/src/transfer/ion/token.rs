//! The smallest pieces of Ion text.

use crate::Refusal;

/// Reads from the front of a text.
#[derive(Debug)]
pub(super) struct Text<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Text<'a> {
    pub fn new(text: &'a str) -> Self {
        Text { text, at: 0 }
    }

    pub fn malformed(&self) -> Refusal {
        Refusal::serialization(format!("The line is no item in Ion text at byte {}", self.at))
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The next character that is no white space and no comment, not taken.
    pub fn peek(&mut self) -> Option<char> {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            let comment = match trimmed {
                long if long.starts_with("/*") => long.find("*/").map(|end| end + 2),
                short if short.starts_with("//") => Some(short.find('\n').unwrap_or(short.len())),
                other => return other.chars().next(),
            };
            match comment {
                Some(length) => self.at += length,
                None => return Some('/'),
            }
        }
    }

    pub fn is_next(&mut self, word: &str) -> bool {
        self.peek();
        self.rest().starts_with(word)
    }

    /// Takes `word` if it is next.
    pub fn take(&mut self, word: &str) -> bool {
        let is_next = self.is_next(word);
        self.at += if is_next { word.len() } else { 0 };
        is_next
    }

    /// # Errors
    /// Something else is next.
    pub fn expect(&mut self, word: &str) -> Result<(), Refusal> {
        if self.take(word) { Ok(()) } else { Err(self.malformed()) }
    }

    /// The longest beginning of nothing but such characters, which may be empty.
    pub fn run(&mut self, is_part: impl Fn(char) -> bool) -> &'a str {
        self.peek();
        let rest = self.rest();
        let run = rest.get(..rest.find(|letter| !is_part(letter)).unwrap_or(rest.len())).unwrap_or_default();
        self.at += run.len();
        run
    }

    /// A symbol without quotes: letters, digits, `_` and `$`.
    pub fn identifier(&mut self) -> &'a str {
        self.run(|letter| letter.is_ascii_alphanumeric() || letter == '_' || letter == '$')
    }

    /// What stands before `}}`, which is taken too, without white space: a blob's base64 may look like a comment.
    ///
    /// # Errors
    /// There is none.
    pub fn blob(&mut self) -> Result<String, Refusal> {
        let (base64, _) = self.rest().split_once("}}").ok_or_else(|| self.malformed())?;
        self.at += base64.len() + 2;
        Ok(base64.chars().filter(|letter| !letter.is_whitespace()).collect())
    }

    /// A string, be it short or long, or a symbol in quotes; `quote` is next.
    ///
    /// # Errors
    /// It does not end, or an escape has no meaning.
    pub fn quoted(&mut self, quote: char) -> Result<String, Refusal> {
        if quote == '\'' && self.take("'''") {
            let mut whole = self.until("'''")?;
            // Long strings beside each other are one.
            while self.take("'''") {
                whole.push_str(&self.until("'''")?);
            }
            return Ok(whole);
        }
        let end = if quote == '\'' { "'" } else { "\"" };
        self.expect(end)?;
        self.until(end)
    }

    fn until(&mut self, end: &str) -> Result<String, Refusal> {
        let mut text = String::new();
        loop {
            let rest = self.rest();
            if rest.starts_with(end) {
                self.at += end.len();
                return Ok(text);
            }
            let letter = rest.chars().next().ok_or_else(|| self.malformed())?;
            self.at += letter.len_utf8();
            if letter == '\\' { self.escape(&mut text)? } else { text.push(letter) }
        }
    }

    fn escape(&mut self, text: &mut String) -> Result<(), Refusal> {
        let letter = self.rest().chars().next().ok_or_else(|| self.malformed())?;
        self.at += letter.len_utf8();
        text.push(match letter {
            '0' => '\0',
            'a' => '\x07',
            'b' => '\x08',
            't' => '\t',
            'n' => '\n',
            'f' => '\x0c',
            'r' => '\r',
            'v' => '\x0b',
            '"' | '\'' | '?' | '/' | '\\' => letter,
            'x' => self.code(2)?,
            'u' => self.code(4)?,
            'U' => self.code(8)?,
            '\n' => return Ok(()),
            _ => return Err(self.malformed()),
        });
        Ok(())
    }

    fn code(&mut self, digits: usize) -> Result<char, Refusal> {
        let hex = self.rest().get(..digits).filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let code = hex.and_then(|hex| u32::from_str_radix(hex, 16).ok()).ok_or_else(|| self.malformed())?;
        self.at += digits;
        char::from_u32(code).ok_or_else(|| self.malformed())
    }
}

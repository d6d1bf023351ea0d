//! A strict reader of JSON text: pulls one token at a time, builds nothing.

use std::borrow::Cow;

use crate::Refusal;

/// How deep values may be that are skipped.
const SKIPPED_DEPTH_MAX: u32 = 128;

/// Reads from the front of a text. Whatever is not JSON is refused as `SerializationException`.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Reader { text, at: 0 }
    }

    /// The next byte that is no white space, not taken.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                other => return other.copied(),
            }
        }
    }

    /// Takes `byte` if it is next.
    pub(crate) fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn malformed(&self) -> Refusal {
        Refusal::serialization(format!("The request is not valid JSON at byte {}", self.at))
    }

    /// # Errors
    /// If something follows.
    pub(crate) fn finish(&mut self) -> Result<(), Refusal> {
        if self.peek().is_none() { Ok(()) } else { Err(self.malformed()) }
    }

    /// For a value that is not what `wanted` says: names what was found, as DynamoDB does.
    pub(crate) fn unexpected(&mut self, wanted: &str) -> Refusal {
        let found = match self.peek() {
            Some(b'{') => {
                return Refusal::serialization("Start of structure or map found where not expected.");
            }
            Some(b'[') => return Refusal::serialization("Start of list found where not expected."),
            Some(b'"') => "STRING_VALUE",
            Some(b't') => "TRUE_VALUE",
            Some(b'f') => "FALSE_VALUE",
            Some(b'n') => "NULL_VALUE",
            Some(b'-' | b'0'..=b'9') => "NUMBER_VALUE",
            _ => return self.malformed(),
        };
        Refusal::serialization(format!("{found} cannot be converted to {wanted}"))
    }

    /// Begins an object; then [`Reader::key`] until it answers `None`.
    pub(crate) fn begin_object(&mut self) -> Result<(), Refusal> {
        if self.take(b'{') { Ok(()) } else { Err(self.unexpected("a map")) }
    }

    /// The next key and its colon, or the object's end. `first` says whether it is the first.
    pub(crate) fn key(&mut self, first: bool) -> Result<Option<Cow<'a, str>>, Refusal> {
        if self.take(b'}') {
            return Ok(None);
        }
        if !first && !self.take(b',') {
            return Err(self.malformed());
        }
        if self.peek() != Some(b'"') {
            return Err(self.malformed());
        }
        let key = self.string()?;
        if self.take(b':') { Ok(Some(key)) } else { Err(self.malformed()) }
    }

    /// Begins a list; then [`Reader::another`] before each element until it answers `false`.
    pub(crate) fn begin_list(&mut self) -> Result<(), Refusal> {
        if self.take(b'[') { Ok(()) } else { Err(self.unexpected("a list")) }
    }

    pub(crate) fn another(&mut self, first: bool) -> Result<bool, Refusal> {
        if self.take(b']') {
            return Ok(false);
        }
        if first || self.take(b',') { Ok(true) } else { Err(self.malformed()) }
    }

    /// `true` if `null` was next, and taken.
    pub(crate) fn null(&mut self) -> Result<bool, Refusal> {
        if self.peek() == Some(b'n') { self.word("null").map(|()| true) } else { Ok(false) }
    }

    pub(crate) fn boolean(&mut self) -> Result<bool, Refusal> {
        match self.peek() {
            Some(b't') => self.word("true").map(|()| true),
            Some(b'f') => self.word("false").map(|()| false),
            _ => Err(self.unexpected("Boolean")),
        }
    }

    fn word(&mut self, word: &str) -> Result<(), Refusal> {
        if self.text.as_bytes().get(self.at..).is_some_and(|rest| rest.starts_with(word.as_bytes())) {
            self.at += word.len();
            Ok(())
        } else {
            Err(self.malformed())
        }
    }

    /// A string: borrowed from the text unless something in it is escaped.
    pub(crate) fn string(&mut self) -> Result<Cow<'a, str>, Refusal> {
        if !self.take(b'"') {
            return Err(self.unexpected("String"));
        }
        let start = self.at;
        match self.plain_run()? {
            b'"' => {
                let text = self.text.get(start..self.at).ok_or_else(|| self.malformed())?;
                self.at += 1;
                Ok(Cow::Borrowed(text))
            }
            _ => self.escaped_string(start).map(Cow::Owned),
        }
    }

    /// Moves to the next quote or backslash; answers which.
    fn plain_run(&mut self) -> Result<u8, Refusal> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let run = rest.iter().position(|&byte| byte == b'"' || byte == b'\\' || byte < 0x20);
        self.at += run.unwrap_or(rest.len());
        match run.and_then(|run| rest.get(run)) {
            Some(&byte @ (b'"' | b'\\')) => Ok(byte),
            _ => Err(self.malformed()),
        }
    }

    fn escaped_string(&mut self, start: usize) -> Result<String, Refusal> {
        let mut out = self.text.get(start..self.at).unwrap_or_default().to_owned();
        loop {
            let run = self.at;
            let ended = self.plain_run()? == b'"';
            out.push_str(self.text.get(run..self.at).unwrap_or_default());
            self.at += 1;
            if ended {
                return Ok(out);
            }
            let escape = self.text.as_bytes().get(self.at).copied();
            self.at += 1;
            out.push(match escape {
                Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
                Some(b'b') => '\u{8}',
                Some(b'f') => '\u{c}',
                Some(b'n') => '\n',
                Some(b'r') => '\r',
                Some(b't') => '\t',
                Some(b'u') => self.unicode_escape()?,
                _ => return Err(self.malformed()),
            });
        }
    }

    /// After `\u`: one code unit, or a pair of surrogates. Half a pair is no character, and refused.
    fn unicode_escape(&mut self) -> Result<char, Refusal> {
        let first = self.code_unit()?;
        let code = if (0xD800..0xDC00).contains(&first) {
            self.word("\\u")?;
            let second = self.code_unit()?;
            if !(0xDC00..0xE000).contains(&second) {
                return Err(self.malformed());
            }
            0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)
        } else {
            first
        };
        char::from_u32(code).ok_or_else(|| self.malformed())
    }

    fn code_unit(&mut self) -> Result<u32, Refusal> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4).unwrap_or_default();
        let mut unit = 0;
        for &digit in digits {
            unit = unit * 16 + char::from(digit).to_digit(16).ok_or_else(|| self.malformed())?;
        }
        if digits.len() < 4 {
            return Err(self.malformed());
        }
        self.at += 4;
        Ok(unit)
    }

    /// Skips one value of any type; answers its text.
    pub(crate) fn skip(&mut self) -> Result<&'a str, Refusal> {
        self.peek();
        let start = self.at;
        self.skip_within(SKIPPED_DEPTH_MAX)?;
        self.text.get(start..self.at).ok_or_else(|| self.malformed())
    }

    fn skip_within(&mut self, levels: u32) -> Result<(), Refusal> {
        let inner = levels.checked_sub(1).ok_or_else(|| self.malformed())?;
        match self.peek() {
            Some(b'{') => {
                self.begin_object()?;
                let mut first = true;
                while self.key(first)?.is_some() {
                    self.skip_within(inner)?;
                    first = false;
                }
                Ok(())
            }
            Some(b'[') => {
                self.begin_list()?;
                let mut first = true;
                while self.another(first)? {
                    self.skip_within(inner)?;
                    first = false;
                }
                Ok(())
            }
            Some(b'"') => self.string().map(drop),
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            Some(b'-' | b'0'..=b'9') => self.skip_number(),
            _ => Err(self.malformed()),
        }
    }

    fn skip_number(&mut self) -> Result<(), Refusal> {
        let bytes = self.text.as_bytes();
        let digits = |at: &mut usize| {
            let start = *at;
            while bytes.get(*at).is_some_and(u8::is_ascii_digit) {
                *at += 1;
            }
            *at - start
        };
        let mut at = self.at + usize::from(bytes.get(self.at) == Some(&b'-'));
        let leading_zero = bytes.get(at) == Some(&b'0');
        let whole = digits(&mut at);
        let mut valid = whole == 1 || (whole > 1 && !leading_zero);
        if bytes.get(at) == Some(&b'.') {
            at += 1;
            valid &= digits(&mut at) > 0;
        }
        if let Some(b'e' | b'E') = bytes.get(at) {
            at += 1;
            at += usize::from(matches!(bytes.get(at), Some(b'+' | b'-')));
            valid &= digits(&mut at) > 0;
        }
        if !valid {
            return Err(self.malformed());
        }
        self.at = at;
        Ok(())
    }
}

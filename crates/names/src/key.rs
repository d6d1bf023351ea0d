//! Order-preserving keys: the bytes sort as the parts do.
//!
//! A key is a [`Keyspace`] byte and then parts. A text or byte part ends with `00 00`, its own zero
//! bytes written `00 FF`, so that no part can run into the next and `("a", "b")` sorts before
//! `("ab")`. Numbers are big-endian and fixed at eight bytes, without terminator.

use crate::{Keyspace, NameError};

/// A key under construction; `Deref`s to its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(Vec<u8>);

/// `start <= key < end`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRange {
    pub start: Vec<u8>,
    pub end: Vec<u8>,
}

impl Key {
    pub fn new(keyspace: Keyspace) -> Self {
        Key(vec![keyspace.byte()])
    }

    /// Appends a whole text part.
    pub fn text(self, part: impl AsRef<str>) -> Self {
        self.bytes(part.as_ref().as_bytes())
    }

    /// Appends a whole byte part.
    pub fn bytes(mut self, part: &[u8]) -> Self {
        self.escape(part);
        self.0.extend_from_slice(&[0, 0]);
        self
    }

    /// Appends bytes that end themselves, as they are: what is written behind them never changes their order.
    pub fn ended(mut self, part: &[u8]) -> Self {
        self.0.extend_from_slice(part);
        self
    }

    /// Appends the beginning of a text part, without its end: only fit to start or bound a range.
    pub fn text_prefix(mut self, beginning: &str) -> Self {
        self.escape(beginning.as_bytes());
        self
    }

    pub fn number(mut self, part: u64) -> Self {
        self.0.extend_from_slice(&part.to_be_bytes());
        self
    }

    fn escape(&mut self, part: &[u8]) {
        for &byte in part {
            self.0.push(byte);
            if byte == 0 {
                self.0.push(0xFF);
            }
        }
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// Every key that begins with this one, itself included.
    pub fn range(&self) -> KeyRange {
        KeyRange { start: self.0.clone(), end: successor(&self.0) }
    }

    /// Every key of [`Key::range`] that sorts after `key`.
    pub fn range_after(&self, key: &[u8]) -> KeyRange {
        let mut start = key.to_vec();
        start.push(0);
        KeyRange { start: start.max(self.0.clone()), end: successor(&self.0) }
    }
}

impl std::ops::Deref for Key {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for Key {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// The first byte string after all that begin with `prefix`. A keyspace byte is never `FF`, so there
/// always is one for a key; for all-`FF` bytes the answer is empty, meaning "no end".
pub fn successor(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < 0xFF {
            end.push(last + 1);
            break;
        }
    }
    end
}

/// Reads a key's parts back in the order they were written.
#[derive(Debug)]
pub struct KeyParts<'a>(&'a [u8]);

impl<'a> KeyParts<'a> {
    /// Skips the keyspace byte.
    ///
    /// # Errors
    /// The key is of another keyspace.
    pub fn of(keyspace: Keyspace, key: &'a [u8]) -> Result<Self, NameError> {
        match key.split_first() {
            Some((&first, rest)) if first == keyspace.byte() => Ok(KeyParts(rest)),
            _ => Err(NameError(format!("key is not of keyspace {keyspace:?}"))),
        }
    }

    /// # Errors
    /// The part has no end, or is not UTF-8.
    pub fn text(&mut self) -> Result<String, NameError> {
        String::from_utf8(self.bytes()?).map_err(|_| NameError("key part is not UTF-8".to_owned()))
    }

    /// # Errors
    /// The part has no end.
    pub fn bytes(&mut self) -> Result<Vec<u8>, NameError> {
        let mut part = Vec::new();
        let mut rest = self.0;
        loop {
            match rest {
                [0, 0, tail @ ..] => {
                    self.0 = tail;
                    return Ok(part);
                }
                [0, 0xFF, tail @ ..] => {
                    part.push(0);
                    rest = tail;
                }
                [byte, tail @ ..] if *byte != 0 => {
                    part.push(*byte);
                    rest = tail;
                }
                _ => return Err(NameError("key part has no end".to_owned())),
            }
        }
    }

    /// # Errors
    /// Fewer than eight bytes are left.
    pub fn number(&mut self) -> Result<u64, NameError> {
        let (head, tail) =
            self.0.split_first_chunk::<8>().ok_or_else(|| NameError("key number is cut short".to_owned()))?;
        self.0 = tail;
        Ok(u64::from_be_bytes(*head))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keys_sort_as_their_parts_do(a in any::<(Vec<u8>, u64, String)>(), b in any::<(Vec<u8>, u64, String)>()) {
            let key = |(x, y, z): &(Vec<u8>, u64, String)| Key::new(Keyspace::Object).bytes(x).number(*y).text(z);
            prop_assert_eq!(key(&a).cmp(&key(&b)), a.cmp(&b));
        }

        #[test]
        fn parts_come_back_as_they_went_in(x: Vec<u8>, y: u64, z: String) {
            let key = Key::new(Keyspace::Object).bytes(&x).number(y).text(&z);
            let mut parts = KeyParts::of(Keyspace::Object, &key).unwrap();
            prop_assert_eq!(parts.bytes().unwrap(), x);
            prop_assert_eq!(parts.number().unwrap(), y);
            prop_assert_eq!(parts.text().unwrap(), z);
        }

        #[test]
        fn a_range_holds_what_begins_with_its_key(bucket: String, prefix: String, rest: String, other: String) {
            let range = Key::new(Keyspace::Object).text(&bucket).text_prefix(&prefix).range();
            let holds = |key: &Key| range.start.as_slice() <= key.as_bytes() && key.as_bytes() < range.end.as_slice();
            let inside = Key::new(Keyspace::Object).text(&bucket).text(format!("{prefix}{rest}"));
            prop_assert!(holds(&inside));
            let elsewhere = Key::new(Keyspace::Object).text(&bucket).text(&other);
            prop_assert_eq!(holds(&elsewhere), other.starts_with(&prefix));
        }

        #[test]
        fn no_bytes_panic_the_reader(key: Vec<u8>) {
            if let Ok(mut parts) = KeyParts::of(Keyspace::Object, &key) {
                let _ = (parts.text().is_ok(), parts.number().is_ok(), parts.bytes().is_ok());
            }
        }
    }
}

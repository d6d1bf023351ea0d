//! The little of DNS messages (RFC 1035) that a forwarder must understand.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A question as we pass it on: rebuilt, so that nothing but the question leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Query {
    pub(crate) id: u16,
    recursion_desired: bool,
    checking_disabled: bool,
    /// Name, type and class as they were written.
    question: Vec<u8>,
    /// Lower case, without a dot at the end; `None` if a label has characters that no host name has.
    pub(crate) name: Option<String>,
    pub(crate) kind: u16,
    /// The asker takes answers of this size (EDNS, RFC 6891), and whether it wants signatures.
    edns: Option<(u16, bool)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    FormatError = 1,
    ServerFailure = 2,
    NoSuchName = 3,
    NotImplemented = 4,
}

const HEADER: usize = 12;
const OPT: u16 = 41;
pub(crate) const A: u16 = 1;
pub(crate) const AAAA: u16 = 28;
/// Zone transfers and their kin, and `ANY`.
const META_KINDS: std::ops::RangeInclusive<u16> = 249..=255;
const INTERNET: u16 = 1;

impl Query {
    /// # Errors
    /// The answer that refuses it, or `None` for what deserves no answer.
    pub(crate) fn read(bytes: &[u8]) -> Result<Query, Option<Vec<u8>>> {
        let mut reader = Reader { bytes, at: 0 };
        let header = reader.take(HEADER).ok_or(None)?;
        let word = |index: usize| Some(u16::from_be_bytes([*header.get(index)?, *header.get(index + 1)?]));
        let words = [word(0), word(2), word(4), word(6), word(8), word(10)];
        let [Some(id), Some(flags), Some(questions), Some(answers), Some(authorities), Some(additional)] =
            words
        else {
            return Err(None);
        };
        // An answer.
        if flags & 0x8000 != 0 {
            return Err(None);
        }
        let refuse = |code| Some(reply(id, flags & 0x0100 != 0, &[], code));
        if flags & 0x7800 != 0 {
            return Err(refuse(Code::NotImplemented));
        }
        if (questions, answers, authorities) != (1, 0, 0) || additional > 2 {
            return Err(refuse(Code::FormatError));
        }
        let begin = reader.at;
        let name = reader.name().ok_or_else(|| refuse(Code::FormatError))?;
        let (Some(kind), Some(class)) = (reader.word(), reader.word()) else {
            return Err(refuse(Code::FormatError));
        };
        if class != INTERNET || META_KINDS.contains(&kind) {
            return Err(refuse(Code::NotImplemented));
        }
        let question = bytes.get(begin..reader.at).unwrap_or_default().to_vec();
        let mut edns = None;
        for _ in 0..additional {
            let record = reader.record().ok_or_else(|| refuse(Code::FormatError))?;
            if record.kind == OPT {
                edns = Some((record.class, record.ttl & 0x8000 != 0));
            }
        }
        Ok(Query {
            id,
            recursion_desired: flags & 0x0100 != 0,
            checking_disabled: flags & 0x0010 != 0,
            question,
            name,
            kind,
            edns,
        })
    }

    /// The question under another id.
    pub(crate) fn write(&self, id: u16) -> Vec<u8> {
        let flags = u16::from(self.recursion_desired) << 8 | u16::from(self.checking_disabled) << 4;
        let mut bytes = Vec::with_capacity(HEADER + self.question.len() + 11);
        for word in [id, flags, 1, 0, 0, u16::from(self.edns.is_some())] {
            bytes.extend(word.to_be_bytes());
        }
        bytes.extend(&self.question);
        if let Some((size, signatures)) = self.edns {
            bytes.push(0);
            for word in [OPT, size, 0, u16::from(signatures) << 15, 0] {
                bytes.extend(word.to_be_bytes());
            }
        }
        bytes
    }

    pub(crate) fn refuse(&self, code: Code) -> Vec<u8> {
        reply(self.id, self.recursion_desired, &self.question, code)
    }

    /// `bytes` is an answer to this very question under `id`.
    pub(crate) fn is_answered_by(&self, bytes: &[u8], id: u16) -> bool {
        let begins = |with: &[u8], at: usize| bytes.get(at..at + with.len()) == Some(with);
        let answers = bytes.get(2).is_some_and(|flags| flags & 0x80 != 0);
        let one_question = begins(&1u16.to_be_bytes(), 4);
        let asked = bytes.get(HEADER..HEADER + self.question.len());
        begins(&id.to_be_bytes(), 0)
            && answers
            && one_question
            && asked.is_some_and(|asked| asked.eq_ignore_ascii_case(&self.question))
    }
}

/// What stands in an answer for `A` or `AAAA` questions; as far as it can be read.
pub(crate) fn addresses(answer: &[u8]) -> Vec<IpAddr> {
    let mut reader = Reader { bytes: answer, at: 0 };
    let mut found = Vec::new();
    let Some(header) = reader.take(HEADER) else { return found };
    let [_, _, _, _, questions_high, questions, answers_high, answers, ..] = *header else { return found };
    if (questions_high, questions) != (0, 1) || reader.skip_name().is_none() || reader.take(4).is_none() {
        return found;
    }
    for _ in 0..u16::from_be_bytes([answers_high, answers]) {
        let Some(record) = reader.record() else { return found };
        match (record.kind, record.data) {
            (A, [a, b, c, d]) => found.push(Ipv4Addr::new(*a, *b, *c, *d).into()),
            (AAAA, data) => {
                if let Ok(octets) = <[u8; 16]>::try_from(data) {
                    found.push(Ipv6Addr::from(octets).into());
                }
            }
            _ => {}
        }
    }
    found
}

/// An answer without records.
fn reply(id: u16, recursion_desired: bool, question: &[u8], code: Code) -> Vec<u8> {
    let flags = 0x8080 | u16::from(recursion_desired) << 8 | code as u16;
    let mut bytes = Vec::with_capacity(HEADER + question.len());
    for word in [id, flags, u16::from(!question.is_empty()), 0, 0, 0] {
        bytes.extend(word.to_be_bytes());
    }
    bytes.extend(question);
    bytes
}

struct Record<'a> {
    kind: u16,
    class: u16,
    ttl: u32,
    data: &'a [u8],
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let taken = self.bytes.get(self.at..self.at.checked_add(count)?)?;
        self.at += count;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn word(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes([self.byte()?, self.byte()?]))
    }

    /// A name written out in full, as in a question; the outer `None` if it is none.
    #[expect(clippy::option_option, reason = "no name, and a name that is no host's, are different things")]
    fn name(&mut self) -> Option<Option<String>> {
        let begin = self.at;
        let mut text = String::new();
        let mut is_host = true;
        loop {
            let length = usize::from(self.byte()?);
            if length == 0 {
                return Some(is_host.then_some(text));
            }
            if length > 63 || self.at - begin + length > 254 {
                return None;
            }
            if !text.is_empty() {
                text.push('.');
            }
            for byte in self.take(length)? {
                // A dot inside of a label would make another name of it.
                is_host &= byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
                text.push(char::from(byte.to_ascii_lowercase()));
            }
        }
    }

    /// Past a name that may end in a pointer.
    fn skip_name(&mut self) -> Option<()> {
        loop {
            match self.byte()? {
                0 => return Some(()),
                length if length < 64 => drop(self.take(usize::from(length))?),
                pointer if pointer >= 192 => return self.byte().map(drop),
                _ => return None,
            }
        }
    }

    fn record(&mut self) -> Option<Record<'a>> {
        self.skip_name()?;
        let (kind, class) = (self.word()?, self.word()?);
        let ttl = u32::from(self.word()?) << 16 | u32::from(self.word()?);
        let length = self.word()?;
        Some(Record { kind, class, ttl, data: self.take(usize::from(length))? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(labels: &[&[u8]], kind: u16) -> Vec<u8> {
        let mut bytes = vec![0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in labels {
            bytes.push(u8::try_from(label.len()).unwrap());
            bytes.extend(*label);
        }
        bytes.extend([0]);
        bytes.extend(kind.to_be_bytes());
        bytes.extend([0, 1]);
        bytes
    }

    #[test]
    fn a_question_is_read_and_rebuilt() {
        let mut bytes = question(&[b"API", b"example", b"com"], A);
        let query = Query::read(&bytes).unwrap();
        assert_eq!((query.id, query.name.as_deref(), query.kind), (0xabcd, Some("api.example.com"), A));
        assert_eq!(query.write(0xabcd), bytes);
        assert!(query.is_answered_by(&query.refuse(Code::NoSuchName), 0xabcd));
        assert!(!query.is_answered_by(&query.refuse(Code::NoSuchName), 1));
        assert!(!query.is_answered_by(&bytes, 0xabcd), "a question is no answer");
        // With EDNS: what the option carries stays behind.
        bytes[11] = 1;
        bytes.extend([0, 0, 41, 4, 208, 0, 0, 128, 0, 0, 4, 9, 9, 0, 0]);
        let rebuilt = Query::read(&bytes).unwrap().write(0xabcd);
        assert!(rebuilt.ends_with(&[0, 0, 41, 4, 208, 0, 0, 128, 0, 0, 0]));
    }

    #[test]
    fn names_that_are_no_hosts_have_no_text() {
        for labels in [&[&b"api.example"[..], b"com"][..], &[b"a\0b"], &[b"a b"], &["\u{fc}".as_bytes()]] {
            assert_eq!(Query::read(&question(labels, A)).unwrap().name, None, "{labels:?}");
        }
        assert_eq!(Query::read(&question(&[], A)).unwrap().name.as_deref(), Some(""));
    }

    #[test]
    fn what_is_no_question_is_refused() {
        let good = question(&[b"a"], A);
        let code = |bytes: &[u8]| Query::read(bytes).unwrap_err().map(|reply| reply[3] & 15);
        assert_eq!(code(&[]), None);
        let with = |index: usize, byte: u8| {
            let mut bytes = good.clone();
            bytes[index] = byte;
            bytes
        };
        assert_eq!(code(&with(2, 0x81)), None, "an answer");
        assert_eq!(code(&with(2, 0x28)), Some(4), "an update");
        assert_eq!(code(&with(5, 2)), Some(1), "two questions");
        assert_eq!(code(&with(12, 0xc0)), Some(1), "a pointer");
        assert_eq!(code(&with(12, 60)), Some(1), "a name that ends nowhere");
        assert_eq!(code(&question(&[b"a"], 252)), Some(4), "a transfer");
        assert_eq!(code(&good[..good.len() - 1]), Some(1));
    }

    #[test]
    fn addresses_are_found_behind_aliases() {
        let query = Query::read(&question(&[b"a"], A)).unwrap();
        let mut answer = query.refuse(Code::NoSuchName);
        answer[3] = 0x80;
        answer[7] = 3;
        answer.extend([0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 9, 0, 3, 1, b'b', 0]);
        answer.extend([1, b'b', 0, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 8, 8, 4, 4]);
        answer.extend([0xc0, 12, 0, 28, 0, 1, 0, 0, 0, 9, 0, 16]);
        answer.extend(Ipv6Addr::LOCALHOST.octets());
        let expected = [IpAddr::from([8, 8, 4, 4]), Ipv6Addr::LOCALHOST.into()];
        assert_eq!(addresses(&answer), expected);
        for length in 0..answer.len() {
            assert!(addresses(&answer[..length]).len() < 2);
        }
    }
}

use crate::ObjectsError;
use std::ops::Range;

/// The part of an object that a reader wants, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByteRange {
    /// Both included.
    FromTo(u64, u64),
    From(u64),
    /// This many at the end.
    Last(u64),
}

impl ByteRange {
    /// Reads a `Range` header. `None` for what S3 does not read as a range (other units, several
    /// ranges, bad syntax) and answers with the whole object, as RFC 9110 §14.2 allows.
    pub fn parse(header: &str) -> Option<ByteRange> {
        let (first, last) = header.trim().strip_prefix("bytes=")?.split_once('-')?;
        let number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            // More digits than fit: beyond any object.
            digits.then(|| text.parse().unwrap_or(u64::MAX))
        };
        match (first.trim(), last.trim()) {
            ("", last) => number(last).map(ByteRange::Last),
            (first, "") => number(first).map(ByteRange::From),
            (first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                (first <= last).then_some(ByteRange::FromTo(first, last))
            }
        }
    }

    /// # Errors
    /// `InvalidRange` when no byte of an object of `size` bytes is in the range.
    pub(crate) fn within(self, size: u64) -> Result<Range<u64>, ObjectsError> {
        let range = match self {
            ByteRange::FromTo(first, last) => first..last.saturating_add(1).min(size),
            ByteRange::From(first) => first..size,
            ByteRange::Last(length) => size.saturating_sub(length)..size,
        };
        if range.is_empty() { Err(ObjectsError::InvalidRange { size }) } else { Ok(range) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_as_s3_reads_them() {
        let check = |header: &str, expected: Option<Range<u64>>| {
            let range = ByteRange::parse(header).map(|range| range.within(10).ok());
            assert_eq!(range, expected.map(Some), "{header}");
        };
        check("bytes=0-0", Some(0..1));
        check("bytes=2-4", Some(2..5));
        check("bytes=5-", Some(5..10));
        check("bytes=5-99", Some(5..10));
        check("bytes=-3", Some(7..10));
        check("bytes=-99", Some(0..10));
        check("bytes=0-99999999999999999999999", Some(0..10));
        for header in
            ["bytes=", "bytes=-", "bytes=4-2", "bytes=a-b", "bytes=0-1,3-4", "lines=0-1", "bytes=+1-2"]
        {
            check(header, None);
        }
    }

    #[test]
    fn what_lies_beyond_the_end_is_not_satisfiable() {
        for (header, size) in
            [("bytes=10-", 10), ("bytes=10-12", 10), ("bytes=-0", 10), ("bytes=0-", 0), ("bytes=-5", 0)]
        {
            let range = ByteRange::parse(header).unwrap();
            assert!(matches!(range.within(size), Err(ObjectsError::InvalidRange { .. })), "{header}");
        }
    }
}

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An instant as the wire writes it. In the tree: a number of seconds since the epoch, whole where it
/// can be, else with a fraction exact to the millisecond.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub clock::Timestamp);

/// The ways a model writes instants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimestampFormat {
    /// `2026-11-21T04:30:00Z`, with milliseconds where they are not zero.
    Iso8601,
    /// `Sat, 21 Nov 2026 04:30:00 GMT`
    HttpDate,
    /// Seconds since the epoch, with a fraction where there is one.
    UnixSeconds,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a timestamp: {0}")]
pub struct ParseTimestampError(pub String);

impl Timestamp {
    /// # Errors
    /// Text that is not in `format`, or a date that does not exist.
    pub fn parse(text: &str, format: TimestampFormat) -> Result<Timestamp, ParseTimestampError> {
        let refused = || ParseTimestampError(text.to_owned());
        match format {
            TimestampFormat::Iso8601 => {
                clock::Timestamp::parse_iso8601(text).map(Timestamp).map_err(|_| refused())
            }
            TimestampFormat::HttpDate => parse_http_date(text).ok_or_else(refused),
            TimestampFormat::UnixSeconds => {
                text.parse().ok().and_then(Timestamp::from_seconds).ok_or_else(refused)
            }
        }
    }

    pub fn format(self, format: TimestampFormat) -> String {
        match format {
            TimestampFormat::Iso8601 => self.to_iso8601(),
            TimestampFormat::HttpDate => self.0.to_http_date(),
            TimestampFormat::UnixSeconds => self.to_number().to_string(),
        }
    }

    /// S3 always writes three decimals, the others none where they are zero; both parse everywhere.
    fn to_iso8601(self) -> String {
        let text = self.0.to_iso8601();
        match text.strip_suffix(".000Z") {
            Some(whole) => format!("{whole}Z"),
            None => text,
        }
    }

    /// As the tree holds it.
    pub fn to_number(self) -> serde_json::Number {
        let ms = self.0.as_ms();
        if ms.rem_euclid(1000) == 0 {
            return (ms / 1000).into();
        }
        // Never infinite or NaN: the quotient of two finite numbers.
        serde_json::Number::from_f64(ms as f64 / 1000.0).unwrap_or_else(|| (ms / 1000).into())
    }

    /// Rounds to the millisecond; `None` beyond the years that dates can be written for.
    pub fn from_seconds(seconds: f64) -> Option<Timestamp> {
        // Years -9999 to 9999.
        const SECONDS_MAX: f64 = 253_402_300_799.0;
        if !(-377_705_023_201.0..=SECONDS_MAX).contains(&seconds) {
            return None;
        }
        Some(Timestamp(clock::Timestamp::from_ms((seconds * 1000.0).round() as i64)))
    }
}

/// Allows the fraction that the Smithy protocols allow: `Sun, 02 Jan 2000 20:34:56.456 GMT`.
fn parse_http_date(text: &str) -> Option<Timestamp> {
    let Some((before, after)) = text.split_once('.') else {
        return clock::Timestamp::parse_http_date(text).ok().map(Timestamp);
    };
    let (fraction, zone) = after.split_once(' ')?;
    if fraction.is_empty() || fraction.len() > 9 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let whole = clock::Timestamp::parse_http_date(&format!("{before} {zone}")).ok()?;
    let ms: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    Some(Timestamp(clock::Timestamp::from_ms(whole.as_ms() + ms)))
}

impl From<clock::Timestamp> for Timestamp {
    fn from(instant: clock::Timestamp) -> Self {
        Timestamp(instant)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_number().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Timestamp;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("seconds since the epoch")
            }
            fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Timestamp, E> {
                self.visit_f64(seconds as f64)
            }
            fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<Timestamp, E> {
                self.visit_f64(seconds as f64)
            }
            fn visit_f64<E: de::Error>(self, seconds: f64) -> Result<Timestamp, E> {
                Timestamp::from_seconds(seconds).ok_or_else(|| E::custom("timestamp out of range"))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, format: TimestampFormat, ms: i64) {
        let instant = Timestamp(clock::Timestamp::from_ms(ms));
        assert_eq!(Timestamp::parse(text, format), Ok(instant), "{text}");
        let written = instant.format(format);
        let read = Timestamp::parse(&written, format).unwrap();
        assert!((read.0.as_ms() - ms).abs() < 1000, "{written}");
    }

    #[test]
    fn every_form_is_read() {
        check("2026-11-21T04:30:00Z", TimestampFormat::Iso8601, 1_795_235_400_000);
        check("2026-11-21T05:30:00.5+01:00", TimestampFormat::Iso8601, 1_795_235_400_500);
        check("Sat, 21 Nov 2026 04:30:00 GMT", TimestampFormat::HttpDate, 1_795_235_400_000);
        check("Sat, 21 Nov 2026 04:30:00.25 GMT", TimestampFormat::HttpDate, 1_795_235_400_250);
        check("1795235400", TimestampFormat::UnixSeconds, 1_795_235_400_000);
        check("1795235400.123", TimestampFormat::UnixSeconds, 1_795_235_400_123);
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["", "NaN", "inf", "1e300", "yesterday", "Sat, 21 Nov 2026 04:30:00.x GMT"] {
            for format in [TimestampFormat::Iso8601, TimestampFormat::HttpDate, TimestampFormat::UnixSeconds]
            {
                assert!(Timestamp::parse(text, format).is_err(), "{text}");
            }
        }
    }

    #[test]
    fn the_tree_keeps_milliseconds() {
        let instant = Timestamp(clock::Timestamp::from_ms(1_795_235_400_123));
        let tree = serde_json::to_value(instant).unwrap();
        assert_eq!(tree.to_string(), "1795235400.123");
        assert_eq!(serde_json::from_value::<Timestamp>(tree).unwrap(), instant);
    }
}

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::Add;
use std::time::Duration;

/// Milliseconds since 1970-01-01T00:00:00Z, without leap seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a timestamp: {0}")]
pub struct TimestampError(String);

impl Timestamp {
    pub const EPOCH: Timestamp = Timestamp(0);

    pub const fn from_ms(ms: i64) -> Self {
        Timestamp(ms)
    }

    pub const fn from_seconds(seconds: i64) -> Self {
        Timestamp(seconds.saturating_mul(1000))
    }

    pub const fn as_ms(self) -> i64 {
        self.0
    }

    /// Rounds towards the past.
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// `self - earlier`, or zero when `earlier` is later.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    pub fn minus(self, duration: Duration) -> Timestamp {
        Timestamp(self.0.saturating_sub(ms_of(duration)))
    }

    /// The same instant with its milliseconds cut off, as HTTP dates carry it.
    pub fn truncated_to_seconds(self) -> Timestamp {
        Timestamp::from_seconds(self.as_seconds())
    }

    /// `2026-11-21T04:30:00.123Z`, always with three decimals.
    pub fn to_iso8601(self) -> String {
        self.civil("%Y-%m-%dT%H:%M:%S%.3fZ")
    }

    /// `2026-11-21T04:30:00.123+0000`, the form that Lambda's `LastModified` has.
    pub fn to_iso8601_offset(self) -> String {
        self.civil("%Y-%m-%dT%H:%M:%S%.3f+0000")
    }

    /// `Sat, 21 Nov 2026 04:30:00 GMT` (RFC 9110 §5.6.7).
    pub fn to_http_date(self) -> String {
        self.civil("%a, %d %b %Y %H:%M:%S GMT")
    }

    /// `20261121T043000Z`, as SigV4 writes it.
    pub fn to_basic(self) -> String {
        self.civil("%Y%m%dT%H%M%SZ")
    }

    /// `21/Nov/2026:04:30:00 +0000`, as access logs and API Gateway's `requestContext.time` have it.
    pub fn to_common_log(self) -> String {
        self.civil("%d/%b/%Y:%H:%M:%S +0000")
    }

    fn civil(self, format: &str) -> String {
        let instant = jiff::Timestamp::from_millisecond(self.0).unwrap_or_default();
        instant.to_zoned(jiff::tz::TimeZone::UTC).strftime(format).to_string()
    }

    /// Reads an ISO 8601 / RFC 3339 instant, with `Z` or an offset.
    ///
    /// # Errors
    /// Any other form, or a year outside -9999..=9999.
    pub fn parse_iso8601(text: &str) -> Result<Timestamp, TimestampError> {
        let instant: jiff::Timestamp = text.parse().map_err(|_| TimestampError(text.to_owned()))?;
        Ok(Timestamp(instant.as_millisecond()))
    }

    /// Reads an HTTP date, in the preferred form only.
    ///
    /// # Errors
    /// Any other form.
    pub fn parse_http_date(text: &str) -> Result<Timestamp, TimestampError> {
        Timestamp::parse_civil("%a, %d %b %Y %H:%M:%S GMT", text)
    }

    /// Reads `20261121T043000Z`.
    ///
    /// # Errors
    /// Any other form.
    pub fn parse_basic(text: &str) -> Result<Timestamp, TimestampError> {
        Timestamp::parse_civil("%Y%m%dT%H%M%SZ", text)
    }

    fn parse_civil(format: &str, text: &str) -> Result<Timestamp, TimestampError> {
        let refused = |_| TimestampError(text.to_owned());
        let civil = jiff::civil::DateTime::strptime(format, text).map_err(refused)?;
        let zoned = civil.to_zoned(jiff::tz::TimeZone::UTC).map_err(refused)?;
        Ok(Timestamp(zoned.timestamp().as_millisecond()))
    }
}

impl Add<Duration> for Timestamp {
    type Output = Timestamp;
    fn add(self, duration: Duration) -> Timestamp {
        Timestamp(self.0.saturating_add(ms_of(duration)))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_iso8601())
    }
}

fn ms_of(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[expect(clippy::disallowed_methods, reason = "the one place that may ask the system for the time")]
pub(crate) fn system_now() -> Timestamp {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp(ms_of(since_epoch))
}

#[expect(clippy::disallowed_methods, reason = "the one place that may ask the system for the time")]
pub(crate) fn monotonic_now() -> Duration {
    use std::sync::OnceLock;
    use std::time::Instant;
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}

#[expect(clippy::disallowed_methods, reason = "the one place that may sleep")]
pub(crate) async fn system_sleep(duration: Duration) {
    tokio::time::sleep(duration).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_written_and_read_back() {
        let instant = Timestamp::from_ms(1_795_235_400_123);
        assert_eq!(instant.to_iso8601(), "2026-11-21T04:30:00.123Z");
        assert_eq!(instant.to_iso8601_offset(), "2026-11-21T04:30:00.123+0000");
        assert_eq!(instant.to_http_date(), "Sat, 21 Nov 2026 04:30:00 GMT");
        assert_eq!(instant.to_basic(), "20261121T043000Z");
        assert_eq!(instant.to_common_log(), "21/Nov/2026:04:30:00 +0000");
        let seconds = instant.truncated_to_seconds();
        assert_eq!(Timestamp::parse_iso8601("2026-11-21T04:30:00.123Z"), Ok(instant));
        assert_eq!(Timestamp::parse_http_date("Sat, 21 Nov 2026 04:30:00 GMT"), Ok(seconds));
        assert_eq!(Timestamp::parse_basic("20261121T043000Z"), Ok(seconds));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        assert!(Timestamp::parse_iso8601("yesterday").is_err());
        assert!(Timestamp::parse_http_date("2026-11-21").is_err());
        assert!(Timestamp::parse_basic("20261321T043000Z").is_err());
    }
}

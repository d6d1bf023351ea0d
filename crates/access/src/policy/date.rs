/// Seconds since 1970, and nanoseconds: of a date as policies may write one.
///
/// One of the W3C forms of ISO 8601 (a year up to a fraction of a second, with `Z` or an offset where there
/// is a time), or seconds since 1970: <http://www.w3.org/TR/NOTE-datetime>.
pub(super) fn parse(text: &str) -> Option<(i64, u32)> {
    if text.len() > LENGTH_MAX || !text.is_ascii() {
        return None;
    }
    iso(text).or_else(|| epoch(text))
}

const LENGTH_MAX: usize = 40;

/// A year has four digits, so that fewer or more of them are seconds.
fn iso(text: &str) -> Option<(i64, u32)> {
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let mut parts = date.split('-');
    let year = number(parts.next()?, 4)?;
    let month = parts.next().map_or(Some(1), |part| number(part, 2))?;
    let day = parts.next().map_or(Some(1), |part| number(part, 2))?;
    let is_whole = date.len() == "2020-01-01".len();
    if parts.next().is_some()
        || !(1..=12).contains(&month)
        || !(1..=days_in(year, month)).contains(&day)
        || (time.is_some() && !is_whole)
    {
        return None;
    }
    let (seconds, nanoseconds) = time.map_or(Some((0, 0)), time_of_day)?;
    Some((days_from_civil(year, month, day) * 86_400 + seconds, nanoseconds))
}

/// `hh:mm`, `hh:mm:ss` or `hh:mm:ss.s`, and then `Z` or `±hh:mm`; as seconds from midnight UTC.
fn time_of_day(text: &str) -> Option<(i64, u32)> {
    let zone = text.find(['Z', '+', '-'])?;
    let (clock, zone) = text.split_at(zone);
    let offset = match zone.split_at_checked(1)? {
        ("Z", "") => 0,
        (sign, offset) => {
            let (hours, minutes) = offset.split_once(':')?;
            let (hours, minutes) = (number(hours, 2)?, number(minutes, 2)?);
            if hours > 23 || minutes > 59 || sign == "Z" {
                return None;
            }
            (hours * 60 + minutes) * if sign == "-" { -60 } else { 60 }
        }
    };
    let mut parts = clock.split(':');
    let (hours, minutes) = (number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    let (seconds, nanoseconds) = parts.next().map_or(Some((0, 0)), seconds)?;
    if parts.next().is_some() || hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    Some((hours * 3_600 + minutes * 60 + seconds - offset, nanoseconds))
}

fn seconds(text: &str) -> Option<(i64, u32)> {
    match text.split_once('.') {
        None => Some((number(text, 2)?, 0)),
        Some((whole, fraction)) => Some((number(whole, 2)?, nanoseconds(fraction)?)),
    }
}

fn epoch(text: &str) -> Option<(i64, u32)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if whole.starts_with('+') {
        return None;
    }
    Some((whole.parse().ok()?, nanoseconds(fraction)?))
}

fn nanoseconds(fraction: &str) -> Option<u32> {
    if !(1..=9).contains(&fraction.len()) || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    format!("{fraction:0<9}").parse().ok()
}

fn number(text: &str, digits: usize) -> Option<i64> {
    let is_number = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar, counted in years that begin with March:
/// <https://howardhinnant.github.io/date_algorithms.html#days_from_civil>.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        for (text, expected) in [
            ("1970", (0, 0)),
            ("1970-02", (31 * 86_400, 0)),
            ("2000-02-29", (951_782_400, 0)),
            ("2020-01-01T00:00:01Z", (1_577_836_801, 0)),
            ("2020-01-01T00:00Z", (1_577_836_800, 0)),
            ("2020-01-01T01:30:00+01:30", (1_577_836_800, 0)),
            ("2019-12-31T23:00:00.25-01:00", (1_577_836_800, 250_000_000)),
            ("1969-12-31T23:59:59Z", (-1, 0)),
            ("1577836801", (1_577_836_801, 0)),
            ("1577836801.5", (1_577_836_801, 500_000_000)),
            ("0", (0, 0)),
        ] {
            assert_eq!(parse(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "today",
            "2020-13",
            "2020-00",
            "2019-02-29",
            "1900-02-29",
            "2020-1-1",
            "2020-01-01T00:00",
            "2020-01T00:00Z",
            "2020-01-01T24:00Z",
            "2020-01-01T00:60Z",
            "2020-01-01T00:00:60Z",
            "2020-01-01T00:00:00.Z",
            "2020-01-01T00:00+1:00",
            "2020-01-01T00:00Zx",
            "+12345",
            "1e9",
            "99999999999999999999",
            "2020-01-01-01",
            "２０２０",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}

use crate::cli::AuditFormat;
use crate::terminal::plain;
use audit::{Decision, Record, Report, UserIdentity};
use std::io::{self, Write};
use std::path::Path;

/// Columns of the cells before the last: time, principal, action and result.
const WIDE: [usize; 4] = [23, 24, 28, 14];
/// Below [`NARROW_BELOW`].
const NARROW: [usize; 4] = [14, 16, 20, 8];
const NARROW_BELOW: usize = 120;
/// Columns of a line where nobody says how many there are.
const WIDTH: usize = 160;

/// Prints records one by one.
pub struct Printer {
    format: AuditFormat,
    width: usize,
    has_head: bool,
}

impl Printer {
    pub fn new(format: AuditFormat) -> Printer {
        let width = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        Printer { format, width: width.unwrap_or(WIDTH).max(80), has_head: false }
    }

    /// # Errors
    /// The output's.
    pub fn print(&mut self, out: &mut impl Write, record: &Record<'_>, json: &str) -> io::Result<()> {
        match self.format {
            AuditFormat::Json => writeln!(out, "{json}"),
            AuditFormat::Table => {
                if !self.has_head {
                    self.has_head = true;
                    self.line(out, ["time (UTC)", "principal", "action", "result", "resource"])?;
                }
                let time = record.event_time.replace('T', " ");
                let time = time.trim_end_matches('Z');
                // The month, the day and the second.
                let time = if self.width < NARROW_BELOW { time.get(5..19).unwrap_or(time) } else { time };
                let (who, what) = (principal(&record.user_identity), action(record));
                self.line(
                    out,
                    [time, &plain(&who), &plain(what), &plain(&result(record)), &plain(&resource(record))],
                )
            }
        }
    }

    fn line(&self, out: &mut impl Write, cells: [&str; 5]) -> io::Result<()> {
        let widths = if self.width < NARROW_BELOW { NARROW } else { WIDE };
        let mut line = String::new();
        for (cell, width) in cells.iter().zip(widths) {
            line.push_str(&format!("{:<width$}  ", fit(cell, width)));
        }
        let room = self.width.saturating_sub(line.chars().count());
        let [.., resource] = cells;
        line.push_str(&fit(resource, room));
        writeln!(out, "{}", line.trim_end())
    }
}

/// At most `width` characters: the end is what tells names apart, so the beginning of a longer text goes.
fn fit(text: &str, width: usize) -> String {
    let length = text.chars().count();
    if length <= width {
        return text.to_owned();
    }
    let keep = width.saturating_sub(1);
    std::iter::once('…').chain(text.chars().skip(length - keep)).collect()
}

/// `root`, `user/ann`, `reads/session`, `AKIA…?` where the signature did not hold.
fn principal(who: &UserIdentity<'_>) -> String {
    let arn = who.arn.as_deref().unwrap_or_default();
    let name = arn.splitn(6, ':').nth(5).unwrap_or_default();
    match (&*who.kind, &who.access_key_id) {
        ("AssumedRole", _) => name.trim_start_matches("assumed-role/").to_owned(),
        ("Unknown", Some(key)) => format!("{key}?"),
        ("AWSAccount" | "Unknown", None) => "anonymous".to_owned(),
        ("AWSService", _) if name.is_empty() => "zerun".to_owned(),
        _ => name.to_owned(),
    }
}

fn action<'a>(record: &'a Record<'_>) -> &'a str {
    match &record.zerun.denial {
        Some(denial) if !denial.action.is_empty() => &denial.action,
        _ if record.zerun.action.is_empty() => &record.event_name,
        _ => &record.zerun.action,
    }
}

fn result(record: &Record<'_>) -> String {
    match (record.zerun.decision, &record.error_code) {
        (Decision::Denied, _) => "DENIED".to_owned(),
        (_, None) if record.zerun.denial.is_some() => "DENIED in part".to_owned(),
        (_, Some(code)) => code.clone().into_owned(),
        (_, None) => "ok".to_owned(),
    }
}

fn resource(record: &Record<'_>) -> String {
    let left_out = record.zerun.left_out.iter().map(|(why, count)| format!("{count} {why}"));
    let denied = record.zerun.denial.as_ref().and_then(|denial| denial.resource.as_deref());
    let first = denied.or_else(|| record.resources.first().map(|resource| &*resource.arn));
    let Some(first) = first else { return left_out.collect::<Vec<_>>().join(", ") };
    let first = first.strip_prefix("arn:aws:").unwrap_or(first);
    match record.resources.len() {
        0 | 1 => first.to_owned(),
        more => format!("{first} +{}", more - 1),
    }
}

/// What `--verify` found.
///
/// # Errors
/// The output's.
pub fn report(out: &mut impl Write, directory: &Path, report: &Report) -> io::Result<()> {
    let Report { records, segments, bytes, torn, damages, damage, begun, is_whole, last_link } = report;
    writeln!(out, "{}: {records} records in {segments} files, {bytes} bytes", directory.display())?;
    if let Some(begun) = begun {
        let before = if *is_whole { "with the first record" } else { "after older files, which are gone" };
        writeln!(out, "begins {begun}, {before}")?;
    }
    for path in torn {
        writeln!(
            out,
            "{}: ends in the middle of a line, as a server that is killed leaves it",
            path.display()
        )?;
    }
    for one in damage {
        writeln!(out, "DAMAGE {}:{}: {}", one.path.display(), one.line, one.what)?;
    }
    if *damages > damage.len() as u64 {
        writeln!(out, "DAMAGE in {} more places", damages - damage.len() as u64)?;
    }
    if !last_link.is_empty() {
        writeln!(out, "last link {last_link}")?;
    }
    match damages {
        0 => writeln!(out, "Nothing was changed, taken out or put in, so far as the log itself can tell."),
        _ => writeln!(out, "The log was changed, or its disk is damaged."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use audit::{Judgement, ResourceInfo};

    #[test]
    fn a_line_tells_the_call_in_short() {
        let identity = |kind: &'static str, arn: &'static str| UserIdentity {
            kind: kind.into(),
            arn: Some(arn.into()),
            ..UserIdentity::default()
        };
        let record = Record {
            event_time: "2026-11-21T10:00:00.000Z".into(),
            user_identity: identity("AssumedRole", "arn:aws:sts::000000000000:assumed-role/reads/one"),
            resources: vec![ResourceInfo { arn: "arn:aws:s3:::b/k".into(), account_id: None }],
            zerun: Judgement {
                action: "s3:GetObject".into(),
                decision: Decision::Allowed,
                ..Default::default()
            },
            ..Record::default()
        };
        let mut out = Vec::new();
        let mut printer = Printer { format: AuditFormat::Table, width: 120, has_head: true };
        printer.print(&mut out, &record, "").unwrap();
        let line = String::from_utf8(out).unwrap();
        let words: Vec<_> = line.split_whitespace().collect();
        assert_eq!(words, ["2026-11-21", "10:00:00.000", "reads/one", "s3:GetObject", "ok", "s3:::b/k"]);
        for (who, told) in [
            (identity("Root", "arn:aws:iam::000000000000:root"), "root"),
            (identity("IAMUser", "arn:aws:iam::000000000000:user/a/ann"), "user/a/ann"),
            (UserIdentity { kind: "AWSAccount".into(), ..UserIdentity::default() }, "anonymous"),
            (
                UserIdentity {
                    kind: "Unknown".into(),
                    access_key_id: Some("AKIAX".into()),
                    ..UserIdentity::default()
                },
                "AKIAX?",
            ),
        ] {
            assert_eq!(principal(&who), told);
        }
    }

    #[test]
    fn cells_fit() {
        assert_eq!(fit("abcdef", 4), "…def");
        assert_eq!(
            (fit("abc", 3), fit("abc", 1), fit("", 0)),
            ("abc".to_owned(), "…".to_owned(), String::new())
        );
    }
}

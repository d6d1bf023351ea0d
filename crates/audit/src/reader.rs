use crate::chain::{self, Link};
use crate::query::Query;
use crate::record::Record;
use crate::segment::{self, Header, LINE_BYTES_MAX, Segment, VERSION};
use clock::Timestamp;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Damages that a report tells one by one; of more it tells the number.
pub const DAMAGE_TOLD_MAX: usize = 100;

/// How far the names of files and the times of records may disagree, where a clock was set.
const CLOCK_SLACK: Duration = Duration::from_secs(60 * 60);

/// The reading end: beside a server that writes, or without one. Takes no lock and changes nothing.
#[derive(Debug, Clone)]
pub struct Reader {
    directory: PathBuf,
}

/// A record that was asked for.
#[derive(Debug)]
pub struct Line<'a> {
    pub record: &'a Record<'a>,
    /// As it stands in the file, without the line's end.
    pub json: &'a str,
}

/// What was seen on the way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    pub segments: usize,
    pub bytes: u64,
    /// That were read, whether they were asked for or not.
    pub records: u64,
    /// Segments that end in the middle of a line, as a process that is killed leaves them.
    pub torn: Vec<PathBuf>,
    pub damages: u64,
    /// The first of them.
    pub damage: Vec<Damage>,
    /// When the oldest segment that is there was begun.
    pub begun: Option<Timestamp>,
    /// Whether the oldest segment is the first that there ever was, or others were removed before it.
    pub is_whole: bool,
    /// The last line's link, in hexadecimal: to be noted elsewhere.
    pub last_link: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    pub path: PathBuf,
    /// Counted from 1.
    pub line: u64,
    pub what: &'static str,
}

impl Reader {
    pub fn new(directory: &Path) -> Reader {
        Reader { directory: directory.to_owned() }
    }

    /// All segments, oldest first.
    ///
    /// # Errors
    /// The disk's.
    pub fn segments(&self) -> io::Result<Vec<Segment>> {
        segment::list(&self.directory)
    }

    /// Shows every record that matches, oldest first, until `see` breaks. Needs memory for one line.
    ///
    /// # Errors
    /// The disk's. Damage is reported, and read over.
    pub fn scan(
        &self,
        query: &Query,
        mut see: impl FnMut(&Line<'_>) -> ControlFlow<()>,
    ) -> io::Result<Report> {
        let mut report = Report::default();
        let mut previous = None;
        for segment in of_period(self.segments()?, query) {
            let mut walk = Walk { query, report: &mut report, previous, segment: &segment };
            match walk.segment(&mut see)? {
                ControlFlow::Continue(link) => previous = link,
                ControlFlow::Break(()) => break,
            }
        }
        Ok(report)
    }

    /// The newest `limit` records that match, oldest of them first, as they stand in the files.
    ///
    /// # Errors
    /// As [`Reader::scan`].
    pub fn newest(&self, query: &Query, limit: usize) -> io::Result<(Vec<String>, Report)> {
        let mut report = Report::default();
        let mut found: VecDeque<String> = VecDeque::new();
        for segment in of_period(self.segments()?, query).into_iter().rev() {
            let room = limit.saturating_sub(found.len());
            if room == 0 {
                break;
            }
            let mut last: VecDeque<String> = VecDeque::new();
            let mut walk = Walk { query, report: &mut report, previous: None, segment: &segment };
            let _ = walk.segment(&mut |line: &Line<'_>| {
                if last.len() == room {
                    last.pop_front();
                }
                last.push_back(line.json.to_owned());
                ControlFlow::Continue(())
            })?;
            last.append(&mut found);
            found = last;
        }
        Ok((found.into(), report))
    }

    /// The record of a request's or event's id, as it stands in the file. `at`: about when it was.
    ///
    /// # Errors
    /// As [`Reader::scan`].
    pub fn find(&self, id: &str, at: Option<Timestamp>) -> io::Result<Option<String>> {
        let around = |at: Timestamp| (at.minus(CLOCK_SLACK), at + CLOCK_SLACK);
        let (from, to) = at.map(around).unzip();
        let query = Query { id: Some(id.to_owned()), from, to, ..Query::default() };
        Ok(self.newest(&query, 1)?.0.pop())
    }
}

/// [`Reader::scan`] of one segment's text, whatever it may be.
///
/// # Errors
/// None in fact.
pub fn scan_text(
    text: &[u8],
    query: &Query,
    mut see: impl FnMut(&Line<'_>) -> ControlFlow<()>,
) -> io::Result<Report> {
    let mut report = Report::default();
    let (path, bytes) = (PathBuf::new(), text.len() as u64);
    let segment = Segment { begun: Timestamp::EPOCH, sequence: 0, path, bytes };
    let mut walk = Walk { query, report: &mut report, previous: None, segment: &segment };
    let _ = walk.lines(text, &mut see)?;
    Ok(report)
}

/// The segments that may hold records of the query's period.
fn of_period(segments: Vec<Segment>, query: &Query) -> Vec<Segment> {
    let ends: Vec<Option<Timestamp>> =
        segments.iter().skip(1).map(|next| Some(next.begun)).chain([None]).collect();
    let overlaps = |(segment, end): &(Segment, Option<Timestamp>)| {
        let is_before = query.from.zip(*end).is_some_and(|(from, end)| end + CLOCK_SLACK < from);
        let is_after = query.to.is_some_and(|to| segment.begun > to + CLOCK_SLACK);
        !is_before && !is_after
    };
    segments.into_iter().zip(ends).filter(overlaps).map(|(segment, _)| segment).collect()
}

struct Walk<'a> {
    query: &'a Query,
    report: &'a mut Report,
    /// The link before the segment, where the segment before was read.
    previous: Option<Link>,
    segment: &'a Segment,
}

impl Walk<'_> {
    /// Breaks where `see` did; else gives the last link.
    fn segment(
        &mut self,
        see: &mut impl FnMut(&Line<'_>) -> ControlFlow<()>,
    ) -> io::Result<ControlFlow<(), Option<Link>>> {
        let file = match File::open(&self.segment.path) {
            // Retention took it away meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(ControlFlow::Continue(None));
            }
            file => file?,
        };
        self.lines(BufReader::with_capacity(1 << 16, file), see)
    }

    fn lines(
        &mut self,
        mut file: impl BufRead,
        see: &mut impl FnMut(&Line<'_>) -> ControlFlow<()>,
    ) -> io::Result<ControlFlow<(), Option<Link>>> {
        self.report.segments += 1;
        self.report.bytes = self.report.bytes.saturating_add(self.segment.bytes);
        let needle = self.query.needle().map(str::as_bytes);
        let mut text = Vec::new();
        let mut number: u64 = 0;
        let mut previous = None;
        loop {
            text.clear();
            number += 1;
            let read = (&mut file).take(LINE_BYTES_MAX as u64).read_until(b'\n', &mut text)?;
            if read == 0 {
                break;
            }
            let Some(line) = text.strip_suffix(b"\n") else {
                if read < LINE_BYTES_MAX {
                    self.report.torn.push(self.segment.path.clone());
                    break;
                }
                self.damage(number, "a line is longer than any that is written");
                skip_line(&mut file)?;
                previous = None;
                continue;
            };
            let Some((open, link)) = chain::split(line) else {
                self.damage(number, "a line carries no link");
                previous = None;
                continue;
            };
            let before = match number {
                1 => self.header(line),
                _ => previous,
            };
            if before.is_some_and(|before| chain::link(&before, open) != link) {
                self.damage(number, "a line was changed, or lines before it are missing or new");
            }
            previous = Some(link);
            self.report.last_link = hex::encode(link);
            if number == 1 {
                continue;
            }
            self.report.records += 1;
            if needle.is_some_and(|needle| !holds(line, needle)) {
                continue;
            }
            let (Ok(json), Ok(record)) = (std::str::from_utf8(line), serde_json::from_slice(line)) else {
                self.damage(number, "a line is no record");
                continue;
            };
            if self.query.matches(&record) && see(&Line { record: &record, json }).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(previous))
    }

    /// What the first line says came before; checks it against what did.
    fn header(&mut self, line: &[u8]) -> Option<Link> {
        let header: Option<Header> = serde_json::from_slice(line).ok();
        let header = header.filter(|header| header.zerun_audit_log == VERSION);
        let before = header.as_ref().and_then(Header::link);
        if before.is_none() {
            self.damage(1, "a file does not begin as it should");
        }
        if self.report.begun.is_none() {
            self.report.begun = Some(self.segment.begun);
            self.report.is_whole = before == Some(chain::GENESIS);
        }
        if self.previous.is_some() && before != self.previous {
            self.damage(1, "records before this file are missing or new");
        }
        before
    }

    fn damage(&mut self, line: u64, what: &'static str) {
        self.report.damages += 1;
        if self.report.damage.len() < DAMAGE_TOLD_MAX {
            self.report.damage.push(Damage { path: self.segment.path.clone(), line, what });
        }
    }
}

/// Reads to behind the next line's end, or to the end.
fn skip_line(file: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = file.fill_buf()?;
        if buffer.is_empty() {
            return Ok(());
        }
        let (used, ended) = match buffer.iter().position(|byte| *byte == b'\n') {
            Some(place) => (place + 1, true),
            None => (buffer.len(), false),
        };
        file.consume(used);
        if ended {
            return Ok(());
        }
    }
}

/// Whether `needle` stands in `text`. Looks for its first byte, which few places have.
fn holds(text: &[u8], needle: &[u8]) -> bool {
    let Some(first) = needle.first() else { return true };
    let mut rest = text;
    while let Some(place) = rest.iter().position(|byte| byte == first) {
        let Some(here) = rest.get(place..) else { return false };
        if here.starts_with(needle) {
            return true;
        }
        rest = here.get(1..).unwrap_or_default();
    }
    false
}

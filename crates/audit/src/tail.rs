use crate::chain;
use crate::query::Query;
use crate::reader::{Line, Reader};
use crate::segment::LINE_BYTES_MAX;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

/// Follows the log as it grows.
#[derive(Debug)]
pub struct Tail {
    reader: Reader,
    /// The segment that was read last, and how far.
    sequence: u64,
    offset: u64,
}

impl Tail {
    /// From the end as it is now.
    ///
    /// # Errors
    /// The disk's.
    pub fn new(reader: Reader) -> io::Result<Tail> {
        let last = reader.segments()?.pop();
        let (sequence, offset) = last.map_or((0, 0), |last| (last.sequence, last.bytes));
        Ok(Tail { reader, sequence, offset })
    }

    /// Shows the records that match and came since the last look. Damage is read over; [`Reader::scan`] tells it.
    ///
    /// # Errors
    /// The disk's.
    pub fn look(&mut self, query: &Query, mut see: impl FnMut(&Line<'_>)) -> io::Result<()> {
        for segment in self.reader.segments()? {
            if segment.sequence < self.sequence {
                continue;
            }
            if segment.sequence > self.sequence {
                (self.sequence, self.offset) = (segment.sequence, 0);
            }
            let mut file = match File::open(&segment.path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                file => file?,
            };
            file.seek(SeekFrom::Start(self.offset))?;
            let mut file = BufReader::new(file);
            let mut text = Vec::new();
            loop {
                text.clear();
                let read = (&mut file).take(LINE_BYTES_MAX as u64).read_until(b'\n', &mut text)?;
                let line = text.strip_suffix(b"\n");
                if read == 0 || (line.is_none() && read < LINE_BYTES_MAX) {
                    // Nothing, or half a line: the rest comes.
                    break;
                }
                self.offset = self.offset.saturating_add(read as u64);
                let Some(line) = line.filter(|line| chain::split(line).is_some()) else { continue };
                if let (Ok(json), Ok(record)) = (std::str::from_utf8(line), serde_json::from_slice(line))
                    && query.matches(&record)
                {
                    see(&Line { record: &record, json });
                }
            }
        }
        Ok(())
    }
}

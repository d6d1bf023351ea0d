/// Bytes of a line, at most: an item of 400 KB, with every byte of it escaped, has fewer.
pub const LINE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A line without its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    Whole(Vec<u8>),
    /// Longer than [`LINE_BYTES_MAX`]; its bytes were not kept.
    TooLong,
}

/// Cuts bytes that come in pieces into lines; those of nothing but white space are left out. Holds one line at most.
#[derive(Debug)]
pub struct Lines {
    /// Whether an end of line between double quotes is part of the line.
    quotes: bool,
    is_quoted: bool,
    is_too_long: bool,
    pub(super) pending: Vec<u8>,
}

impl Lines {
    pub fn new(quotes: bool) -> Self {
        Lines { quotes, is_quoted: false, is_too_long: false, pending: Vec::new() }
    }

    /// The lines that end within `bytes`.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Line> {
        let (mut found, mut rest) = (Vec::new(), bytes);
        while let Some(end) = self.end(rest) {
            let (line, after) = rest.split_at(end);
            self.keep(line);
            found.extend(self.take());
            rest = after.get(1..).unwrap_or_default();
        }
        self.keep(rest);
        found
    }

    /// The last line, where no end of line follows it.
    pub fn finish(mut self) -> Option<Line> {
        self.take()
    }

    /// Where the line ends. Counts the quotes up to there.
    fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        if !self.quotes || self.is_too_long {
            return bytes.iter().position(|&byte| byte == b'\n');
        }
        for (at, &byte) in bytes.iter().enumerate() {
            match byte {
                b'"' => self.is_quoted = !self.is_quoted,
                b'\n' if !self.is_quoted => return Some(at),
                _ => {}
            }
        }
        None
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.is_too_long {
            return;
        }
        if self.pending.len().saturating_add(bytes.len()) > LINE_BYTES_MAX {
            (self.is_too_long, self.is_quoted, self.pending) = (true, false, Vec::new());
            return;
        }
        self.pending.extend_from_slice(bytes);
    }

    fn take(&mut self) -> Option<Line> {
        let mut line = std::mem::take(&mut self.pending);
        self.is_quoted = false;
        if std::mem::take(&mut self.is_too_long) {
            return Some(Line::TooLong);
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        (!line.trim_ascii().is_empty()).then_some(Line::Whole(line))
    }
}

use super::Log;
use runtime::telemetry::Origin;

/// Longest line, in bytes; a longer one is cut into several.
const LINE_BYTES_MAX: usize = 256 << 10;

/// Cuts what is written into lines of the log.
pub(crate) struct Lines {
    /// The one that is not finished yet.
    line: Vec<u8>,
    log: Log,
    origin: Origin,
}

impl Lines {
    pub fn new(log: Log, origin: Origin) -> Self {
        Lines { line: Vec::new(), log, origin }
    }

    pub fn take(&mut self, mut bytes: &[u8]) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            let (line, rest) = bytes.split_at(end);
            self.extend(line);
            self.log.written(self.origin, &std::mem::take(&mut self.line));
            bytes = rest.get(1..).unwrap_or_default();
        }
        self.extend(bytes);
    }

    /// What is there of a line is one.
    pub fn end_line(&mut self) {
        if !self.line.is_empty() {
            self.log.written(self.origin, &std::mem::take(&mut self.line));
        }
    }

    fn extend(&mut self, bytes: &[u8]) {
        if self.line.len() + bytes.len() > LINE_BYTES_MAX {
            self.end_line();
        }
        self.line.extend_from_slice(bytes);
    }
}

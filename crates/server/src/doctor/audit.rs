use ::audit::{Query, Reader};
use clock::Timestamp;
use serde::Serialize;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;

/// The audit log, by its files and what the newest of them tells.
#[derive(Debug, Default, Serialize)]
pub struct AuditDiagnosis {
    files: usize,
    bytes: u64,
    /// When the oldest file was begun.
    begun: Option<Timestamp>,
    /// Lines that were changed, in the newest file.
    damages: u64,
    /// Records that the disk did not take lately.
    not_written: u64,
}

impl AuditDiagnosis {
    pub fn state(&self) -> String {
        match self.begun {
            None => "new: no call was ever recorded".to_owned(),
            Some(begun) => format!("{} files since {begun}", self.files),
        }
    }

    pub fn size(&self) -> String {
        format!("{} MiB", self.bytes >> 20)
    }

    pub fn hints(&self) -> Vec<String> {
        let mut hints = Vec::new();
        if self.damages > 0 {
            hints.push("The audit log was changed or is damaged: see zerun audit --verify.".to_owned());
        }
        if self.not_written > 0 {
            let lost = self.not_written;
            hints
                .push(format!("The disk did not take {lost} records of the audit log; look for its errors."));
        }
        hints
    }
}

/// # Errors
/// The disk's.
pub fn look(directory: &Path) -> io::Result<AuditDiagnosis> {
    let reader = Reader::new(directory);
    let segments = reader.segments()?;
    let (Some(first), Some(last)) = (segments.first(), segments.last()) else {
        return Ok(AuditDiagnosis::default());
    };
    let mut not_written: u64 = 0;
    let lately = Query { from: Some(last.begun), ..Query::default() };
    let report = reader.scan(&lately, |line| {
        let lost = line.record.zerun.left_out.get("notWritten").copied().unwrap_or_default();
        not_written = not_written.saturating_add(lost);
        ControlFlow::Continue(())
    })?;
    Ok(AuditDiagnosis {
        files: segments.len(),
        bytes: segments.iter().map(|segment| segment.bytes).sum(),
        begun: Some(first.begun),
        damages: report.damages,
        not_written,
    })
}

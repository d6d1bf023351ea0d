//! Tables with a ratio, on standard output.

use std::{io::Write, time::Duration};

use comfy_table::{CellAlignment, Table, presets::ASCII_MARKDOWN};

use crate::Result;

/// Prints `rows` under `head`; every column but the first is aligned to the right.
///
/// # Errors
/// Standard output's.
pub fn print(title: &str, head: &[&str], rows: &[Vec<String>], notes: &[&str]) -> Result<()> {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN).set_header(head);
    for row in rows {
        table.add_row(row);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n{title}\n{table}")?;
    for note in notes {
        writeln!(out, "  {note}")?;
    }
    Ok(out.flush()?)
}

pub fn ms(duration: Duration) -> String {
    let ms = duration.as_secs_f64() * 1e3;
    if ms < 0.1 {
        return format!("{:.1} µs", ms * 1e3);
    }
    if ms < 10.0 { format!("{ms:.2} ms") } else { format!("{ms:.1} ms") }
}

pub fn per_second(rate: f64) -> String {
    format!("{rate:.0}/s")
}

pub fn mib(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

/// How many times `ours` is `theirs`.
pub fn ratio(ours: f64, theirs: f64) -> String {
    format!("{:.2}x", ours / theirs)
}

pub fn ratio_of(ours: Duration, theirs: Duration) -> String {
    ratio(ours.as_secs_f64(), theirs.as_secs_f64())
}

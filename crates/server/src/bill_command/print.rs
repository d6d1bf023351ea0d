use crate::cli::BillFormat;
use meters::{Bill, BillRow, PriceBook};
use std::io::{self, BufWriter, Write};

/// # Errors
/// Standard output cannot be written.
pub fn print(bill: &Bill, format: BillFormat) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    match format {
        BillFormat::Json => {
            serde_json::to_writer_pretty(&mut out, bill)?;
            writeln!(out)?;
        }
        BillFormat::Csv => csv(&mut out, bill)?,
        BillFormat::Table => table(&mut out, bill)?,
    }
    out.flush()
}

const COLUMNS: [&str; 9] = [
    "of",
    "invocations",
    "errors",
    "throttles",
    "cold_starts",
    "gb_seconds",
    "cpu_seconds",
    "request_bytes",
    "response_bytes",
];

/// No field can hold a comma or a quote: they are names and numbers.
fn csv(out: &mut impl Write, bill: &Bill) -> io::Result<()> {
    let books = bill.books.iter().map(|book| format!(",{}_{}", book.id, book.currency.to_lowercase()));
    writeln!(out, "{}{}", COLUMNS.join(","), books.collect::<String>())?;
    for row in bill.rows.iter().chain([&bill.total]) {
        let BillRow { of, invocations, errors, throttles, cold_starts, .. } = row;
        write!(out, "{of},{invocations},{errors},{throttles},{cold_starts}")?;
        write!(out, ",{:.3},{:.3}", row.gb_seconds, row.cpu_seconds)?;
        write!(out, ",{},{}", row.request_bytes, row.response_bytes)?;
        for cost in &row.costs {
            write!(out, ",{cost:.6}")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn table(out: &mut impl Write, bill: &Bill) -> io::Result<()> {
    let head = ["", "invocations", "cold", "errors", "GB-s", "CPU s"].map(str::to_owned);
    let mark = |book: &PriceBook| if book.unverified().next().is_some() { "*" } else { "" };
    let books = bill.books.iter().map(|book| format!("{} {}{}", book.id, book.currency, mark(book)));
    let mut lines: Vec<Vec<String>> = vec![head.into_iter().chain(books).collect()];
    for row in bill.rows.iter().chain([&bill.total]) {
        let mut line = vec![
            row.of.clone(),
            row.invocations.to_string(),
            row.cold_starts.to_string(),
            row.errors.to_string(),
            format!("{:.3}", row.gb_seconds),
            format!("{:.3}", row.cpu_seconds),
        ];
        line.extend(row.costs.iter().map(|cost| format!("{cost:.6}")));
        lines.push(line);
    }
    let columns = lines.first().map_or(0, Vec::len);
    let widths: Vec<usize> = (0..columns)
        .map(|column| lines.iter().filter_map(|line| line.get(column)).map(String::len).max().unwrap_or(0))
        .collect();
    for line in &lines {
        let mut cells = line.iter().zip(&widths);
        if let Some((first, width)) = cells.next() {
            write!(out, "{first:<width$}")?;
        }
        for (cell, width) in cells {
            write!(out, "  {cell:>width$}")?;
        }
        writeln!(out)?;
    }
    let free = if bill.with_free { "taken off" } else { "not taken off" };
    writeln!(out, "\nMonthly free amounts are {free}. Published prices, each without what its line names:")?;
    for book in &bill.books {
        writeln!(out, "  {}: {}, {} as of {}", book.id, book.name, book.source, book.as_of)?;
        writeln!(out, "    without {}", book.left_out)?;
        for (meter, which) in book.unverified() {
            writeln!(out, "    * unverified, of {meter}: {which}")?;
        }
    }
    Ok(())
}

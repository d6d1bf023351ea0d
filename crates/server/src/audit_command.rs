//! `zerun audit`: what was called, by whom, and what came of it. Reads the audit log's files, with a server or
//! without one.

mod print;

use crate::Outcome;
use crate::cli::AuditArguments;
use crate::data_dir::DataDir;
use audit::{Query, Reader, Record, Report, Tail};
use clock::Clock;
use print::Printer;
use std::error::Error;
use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::time::Duration;

/// Between two looks at what came.
const LOOK_EVERY: Duration = Duration::from_millis(300);
/// Of damages, so many are told one by one; `--verify` tells more.
const TOLD_MAX: usize = 3;

pub fn run(arguments: &AuditArguments) -> Outcome {
    let data = DataDir::existing(&arguments.data.data)
        .map_err(|error| format!("data directory {}: {error}", arguments.data.data.display()))?;
    let reader = Reader::new(&data.audit());
    if arguments.verify {
        return Ok(verify(&data, &reader)?);
    }
    let query = query(arguments);
    // Before what there is is printed, so that nothing falls between.
    let mut tail = arguments.follow.then(|| Tail::new(reader.clone())).transpose()?;
    let mut out = BufWriter::new(io::stdout().lock());
    let mut printer = Printer::new(arguments.format);
    let report = show(&reader, &query, arguments.limit, &mut printer, &mut out)?;
    out.flush()?;
    warn(&report);
    if let Some(tail) = &mut tail {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        runtime.block_on(follow(tail, &query, &mut printer, &mut out))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn query(arguments: &AuditArguments) -> Query {
    Query {
        from: arguments.from,
        to: arguments.to,
        principal: arguments.principal.clone(),
        action: arguments.action.clone(),
        denied: arguments.denied,
        error_code: arguments.error.clone(),
        account: arguments.account.clone(),
        resource: arguments.resource.clone(),
        region: arguments.region.clone(),
        id: arguments.request_id.clone(),
        source_ip: arguments.source_ip.clone(),
    }
}

fn show(
    reader: &Reader,
    query: &Query,
    limit: usize,
    printer: &mut Printer,
    out: &mut impl Write,
) -> Result<Report, Box<dyn Error>> {
    if limit > 0 {
        let (lines, report) = reader.newest(query, limit)?;
        for line in &lines {
            let record: Record<'_> = serde_json::from_str(line)?;
            printer.print(out, &record, line)?;
        }
        return Ok(report);
    }
    let mut printed = Ok(());
    let report = reader.scan(query, |line| {
        printed = printer.print(out, line.record, line.json);
        if printed.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    printed?;
    Ok(report)
}

/// Until it is ended by a signal, or nobody reads its output any more.
async fn follow(
    tail: &mut Tail,
    query: &Query,
    printer: &mut Printer,
    out: &mut impl Write,
) -> io::Result<()> {
    let clock = Clock::real();
    loop {
        let mut printed = Ok(());
        tail.look(query, |line| {
            if printed.is_ok() {
                printed = printer.print(out, line.record, line.json);
            }
        })?;
        printed?;
        out.flush()?;
        clock.sleep(LOOK_EVERY).await;
    }
}

fn warn(report: &Report) {
    for damage in report.damage.iter().take(TOLD_MAX) {
        eprintln!("zerun: {}:{}: {}", damage.path.display(), damage.line, damage.what);
    }
    if report.damages > TOLD_MAX as u64 {
        eprintln!("zerun: {} places of the audit log are damaged; see zerun audit --verify", report.damages);
    }
}

/// Status 1 where anything was changed.
fn verify(data: &DataDir, reader: &Reader) -> io::Result<ExitCode> {
    let report = reader.scan(&Query::default(), |_| ControlFlow::Continue(()))?;
    let mut out = io::stdout().lock();
    print::report(&mut out, &data.audit(), &report)?;
    Ok(if report.damages == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

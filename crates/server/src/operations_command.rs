//! `zerun operations`: the table of operations, for people and for programs.

use crate::Outcome;
use crate::cli::{ListFormat, OperationsArguments};
use api::{AccessLevel, Entry, OPERATIONS};
use serde::Serialize;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

pub fn run(arguments: &OperationsArguments) -> Outcome {
    let lines: Vec<Line> = OPERATIONS.iter().map(Line::of).collect();
    let mut services: Vec<&str> = lines.iter().map(|line| line.service).collect();
    services.dedup();
    let lines: Vec<Line> = match &arguments.service {
        Some(service) if !services.contains(&service.as_str()) => {
            return Err(format!("there is no service {service:?} here, but {}", services.join(", ")).into());
        }
        Some(service) => lines.into_iter().filter(|line| line.service == service).collect(),
        None => lines,
    };
    let mut out = BufWriter::new(io::stdout().lock());
    match arguments.format {
        ListFormat::Json => {
            serde_json::to_writer_pretty(&mut out, &lines)?;
            writeln!(out)?;
        }
        ListFormat::Table => table(&mut out, &lines)?,
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

#[derive(Serialize)]
struct Line {
    service: &'static str,
    operation: &'static str,
    /// What policies call it.
    action: &'static str,
    level: AccessLevel,
    /// `data` or `management`, as CloudTrail has it.
    event: &'static str,
    /// Beyond the global ones.
    condition_keys: &'static [&'static str],
    /// The members of a request that are honoured; any other is refused.
    members: &'static [&'static str],
}

impl Line {
    fn of(entry: &Entry) -> Line {
        Line {
            service: entry.model.service.name,
            operation: entry.model.name,
            action: entry.action,
            level: entry.level,
            event: if entry.data { "data" } else { "management" },
            condition_keys: entry.condition_keys,
            members: entry.honoured,
        }
    }
}

/// The members are many, and for programs.
fn table(out: &mut impl Write, lines: &[Line]) -> io::Result<()> {
    let width = |column: fn(&Line) -> &str| lines.iter().map(|line| column(line).len()).max().unwrap_or(0);
    let (operations, actions) = (width(|line| line.operation), width(|line| line.action));
    for line in lines {
        let Line { service, operation, action, level, event, condition_keys, members: _ } = line;
        let keys = condition_keys.join(" ");
        let text = format!(
            "{service:<7} {operation:<operations$}  {action:<actions$}  {level:<22}  {event:<10}  {keys}"
        );
        writeln!(out, "{}", text.trim_end())?;
    }
    writeln!(out, "\n{} operations", lines.len())
}

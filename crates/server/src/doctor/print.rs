use super::{Diagnosis, Isolation};
use crate::guardrails::Guardrail;
use sandbox::LayerState;
use std::io::{self, Write};

/// # Errors
/// Standard output cannot be written.
pub fn print(diagnosis: &Diagnosis, json: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, diagnosis)?;
        return writeln!(out);
    }
    writeln!(out, "zerun {}, kernel {}", diagnosis.version, diagnosis.kernel)?;
    section(&mut out, "isolation of functions", &isolation(&diagnosis.isolation))?;
    section(&mut out, "runtimes", &runtimes(diagnosis))?;
    section(&mut out, "data", &data(diagnosis))?;
    if !diagnosis.guardrails.is_empty() {
        let rows: Vec<_> = diagnosis.guardrails.iter().map(Guardrail::row).collect();
        section(&mut out, "guardrails", &rows)?;
    }
    writeln!(out)?;
    for hint in &diagnosis.hints {
        writeln!(out, "! {hint}")?;
    }
    match (diagnosis.usable, diagnosis.does_without.as_slice()) {
        (true, []) => writeln!(out, "Zerun keeps all its promises on this machine."),
        (true, without) => {
            let names: Vec<_> = without.iter().map(|layer| layer.name()).collect();
            writeln!(out, "Functions run here, with less around them: without {}.", names.join(", "))
        }
        (false, _) => writeln!(out, "Zerun cannot keep its promises on this machine."),
    }
}

fn section(out: &mut impl Write, title: &str, rows: &[[String; 3]]) -> io::Result<()> {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let (first, second) = (width(0), width(1));
    writeln!(out, "\n{title}")?;
    for [name, value, detail] in rows {
        let line = format!(" {name:<first$}  {value:<second$}  {detail}");
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn isolation(isolation: &Isolation) -> Vec<[String; 3]> {
    match isolation {
        Isolation::Failed { error } => vec![["none".to_owned(), String::new(), error.clone()]],
        Isolation::Tried(report) => {
            let layers = report.layers.iter().map(|layer| {
                let state = match layer.state {
                    LayerState::Enforced => "enforced",
                    LayerState::Missing => "MISSING",
                };
                [layer.layer.to_string(), state.to_owned(), layer.detail.clone()]
            });
            let cgroup = ["cgroups".to_owned(), format!("{:?}", report.cgroup).to_lowercase(), String::new()];
            layers.chain([cgroup]).collect()
        }
    }
}

fn runtimes(diagnosis: &Diagnosis) -> Vec<[String; 3]> {
    let found = diagnosis.runtimes.iter().map(|runtime| {
        let stand_in = runtime.stand_in.as_ref().map(|id| format!(", runs on {id}")).unwrap_or_default();
        let pack = match runtime.has_pack {
            Some(true) => ", with its pack",
            Some(false) => ", without its pack",
            None => "",
        };
        let executable = runtime.executable.display();
        [runtime.identifier.clone(), runtime.version.clone(), format!("{executable}{stand_in}{pack}")]
    });
    let custom = ["provided.*".to_owned(), "-".to_owned(), "the code's own bootstrap".to_owned()];
    found.chain([custom]).collect()
}

fn data(diagnosis: &Diagnosis) -> Vec<[String; 3]> {
    let Diagnosis { data, store, audit, disk, packs, memory_mb, .. } = diagnosis;
    let free_gib = disk.free_bytes / (1 << 30);
    let row = |name: &str, value: String, detail: String| [name.to_owned(), value, detail];
    vec![
        row("directory", String::new(), data.display().to_string()),
        row("store", store.engine.to_owned(), store.state.clone()),
        row("audit log", audit.size(), audit.state()),
        row("SDK packs", String::new(), packs.display().to_string()),
        row("disk", format!("{free_gib} GiB free"), format!("4 KiB on disk in {} µs", disk.fsync_p50_us)),
        row("memory", format!("{memory_mb} MiB"), "for functions together, unless configured".to_owned()),
    ]
}

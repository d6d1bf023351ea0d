//! `zerun doctor`: what this machine really gives, found by trying, and what to do about the rest.

mod audit;
mod disk;
mod print;

use crate::cli::DoctorArguments;
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::guardrails::Guardrail;
use crate::{Outcome, guardrails, machine, rooms};
use clock::Clock;
use kv::{Kv, KvError, Snapshot, SqliteOptions};
use runtime::{RuntimeReport, Runtimes};
use sandbox::{IsolationReport, Layer, LayerReport};
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;

/// What `--json` prints.
#[derive(Debug, Serialize)]
pub struct Diagnosis {
    version: &'static str,
    kernel: String,
    data: PathBuf,
    /// Functions can run and everything is on disk when it is said to be.
    usable: bool,
    /// Layers that this machine lacks and that were said to be dispensable (`--may-lack`).
    does_without: Vec<Layer>,
    isolation: Isolation,
    runtimes: Vec<RuntimeReport>,
    packs: PathBuf,
    store: StoreDiagnosis,
    audit: audit::AuditDiagnosis,
    disk: disk::DiskDiagnosis,
    memory_mb: u32,
    /// What the configuration lets nobody do, whatever their policies say.
    guardrails: Vec<Guardrail>,
    /// What to do, most important first.
    hints: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Isolation {
    Tried(IsolationReport),
    /// Sandboxes cannot even be attempted.
    Failed {
        error: String,
    },
}

#[derive(Debug, Serialize)]
struct StoreDiagnosis {
    engine: &'static str,
    path: PathBuf,
    /// `new`, `good`, `in use` (by a server that runs), or what is wrong with it.
    state: String,
    usable: bool,
    /// Records that could not be read; `None` where the store was not opened.
    set_aside: Option<SetAside>,
}

#[derive(Debug, Serialize)]
struct SetAside {
    /// At most [`ASIDE_MAX`] are counted.
    count: usize,
    /// The first few.
    examples: Vec<kv::Aside>,
}

const ASIDE_MAX: usize = 10_000;

/// Status 1 when functions could not run here as promised.
pub fn run(arguments: &DoctorArguments) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let diagnosis = runtime.block_on(async { diagnose(arguments).await })?;
    print::print(&diagnosis, arguments.json)?;
    Ok(if diagnosis.usable { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn diagnose(arguments: &DoctorArguments) -> Result<Diagnosis, Box<dyn std::error::Error>> {
    let clock = Clock::real();
    let (_, guardrails) = guardrails::load(&Config::load(arguments.config.as_deref())?)?;
    let data = DataDir::create(&arguments.data.data)?;
    let packs = arguments.packs.clone().unwrap_or_else(|| data.packs());
    let store = store(&data, &clock).await;
    let isolation = match rooms::trial_host(data.path(), BTreeSet::new(), &clock) {
        Ok((host, _state)) => Isolation::Tried(tokio::task::block_in_place(|| host.report().clone())),
        Err(error) => Isolation::Failed { error: error.to_string() },
    };
    let runtimes = Runtimes::open_with_packs(data.path(), &packs)?;
    let runtimes = tokio::task::block_in_place(|| runtimes.report());
    let disk = disk::measure(data.path(), &clock)?;
    // As a server does: see `rooms::sandbox_host`.
    let may_lack = &[arguments.isolation.may_lack.as_slice(), &[Layer::Egress]].concat();
    let audit = audit::look(&data.audit())?;
    let mut hints = hints(&isolation, may_lack, &runtimes, &store, &disk);
    hints.extend(audit.hints());
    let missing = missing(&isolation);
    let encloses = missing.as_ref().is_some_and(|missing| missing.iter().all(|it| may_lack.contains(it)));
    Ok(Diagnosis {
        version: env!("CARGO_PKG_VERSION"),
        kernel: std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned(),
        data: data.path().to_owned(),
        usable: encloses && store.usable,
        does_without: missing.unwrap_or_default().into_iter().filter(|it| may_lack.contains(it)).collect(),
        isolation,
        runtimes,
        packs,
        store,
        audit,
        disk,
        memory_mb: machine::memory_mb(),
        guardrails,
        hints,
    })
}

/// `None` where no sandbox can be made at all.
fn missing(isolation: &Isolation) -> Option<Vec<Layer>> {
    match isolation {
        Isolation::Tried(report) => Some(report.missing().map(|report| report.layer).collect()),
        Isolation::Failed { .. } => None,
    }
}

/// Opens the store as a server would, unless one has it open.
async fn store(data: &DataDir, clock: &Clock) -> StoreDiagnosis {
    let path = data.store();
    let mut set_aside = None;
    let (usable, state) = if path.exists() {
        match Kv::open(SqliteOptions::new(&path), clock.clone()) {
            Ok(kv) => {
                let aside = aside(&kv).await;
                kv.close().await;
                match aside {
                    Ok(aside) => {
                        set_aside = Some(aside);
                        (true, "good".to_owned())
                    }
                    Err(error) => (false, error.to_string()),
                }
            }
            Err(KvError::Locked(_)) => (true, "in use by a server that runs".to_owned()),
            Err(error) => (false, error.to_string()),
        }
    } else {
        (true, "new: no server ever started here".to_owned())
    };
    StoreDiagnosis { engine: "SQLite", path, state, usable, set_aside }
}

async fn aside(kv: &Kv) -> Result<SetAside, KvError> {
    kv.read(async |snapshot: &Snapshot| {
        let count = kv::count_aside(snapshot, ASIDE_MAX).await?;
        Ok(SetAside { count, examples: kv::list_aside(snapshot, 5).await? })
    })
    .await
}

fn hints(
    isolation: &Isolation,
    may_lack: &[Layer],
    runtimes: &[RuntimeReport],
    store: &StoreDiagnosis,
    disk: &disk::DiskDiagnosis,
) -> Vec<String> {
    let mut hints = Vec::new();
    match isolation {
        Isolation::Failed { error } => hints.push(format!("No sandbox can be made: {error}.")),
        Isolation::Tried(report) => {
            let lacking: Vec<_> = report.missing().filter(|it| !may_lack.contains(&it.layer)).collect();
            let (needed, dispensable): (Vec<&LayerReport>, Vec<&LayerReport>) =
                lacking.iter().partition(|it| it.layer.is_indispensable());
            if !lacking.is_empty() && !report.privileged {
                let root = "Run zerun as root: an ordinary user cannot give every layer of isolation.";
                hints.push(root.to_owned());
            }
            let fatal =
                needed.iter().map(|it| format!("No function starts without {}: {}.", it.layer, it.detail));
            hints.extend(fatal);
            if needed.is_empty() && !dispensable.is_empty() {
                let names: Vec<_> = dispensable.iter().map(|it| it.layer.name()).collect();
                hints.push(format!(
                    "Or let functions do without, each being open to what the layer would stop: \
                     zerun serve --may-lack {}",
                    names.join(",")
                ));
            }
            hints.extend(report.missing().filter(|it| it.layer == Layer::Egress).map(|it| {
                format!(
                    "Functions have no network, for want of /dev/net/tun ({}); in a container, give it that \
                     device and the capability NET_ADMIN.",
                    it.detail
                )
            }));
        }
    }
    if !store.usable {
        hints.push(format!("The store cannot be opened: {}.", store.state));
    }
    if let Some(aside) = store.set_aside.as_ref().filter(|aside| aside.count > 0) {
        let first = aside.examples.first().map(|note| format!("; the first: {} ({})", note.kind, note.why));
        let first = first.unwrap_or_default();
        hints.push(format!("{} records could not be read and were set aside{first}.", aside.count));
    }
    if runtimes.is_empty() {
        hints.push(
            "Install Node, Python, Java or Ruby for managed runtimes; provided.* needs none.".to_owned(),
        );
    }
    let packs = [
        ("python", "python", "no AWS SDK"),
        ("nodejs", "node", "no AWS SDK"),
        ("java", "java", "no runtime interface client but their own"),
    ];
    for (prefix, kind, lack) in packs {
        let mut found = runtimes.iter().filter(|runtime| runtime.identifier.starts_with(prefix)).peekable();
        if found.peek().is_some() && found.all(|runtime| runtime.has_pack == Some(false)) {
            hints.push(format!("Functions in {kind} find {lack}: run zerun runtime install {kind}."));
        }
    }
    if let Some(hint) = disk.hint() {
        hints.push(hint);
    }
    hints
}

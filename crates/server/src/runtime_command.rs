//! `zerun runtime`: the interpreters of this machine and the packs beside them.

mod classes;

use crate::Outcome;
use crate::cli::{PackKind, RuntimeCommand, RuntimeInstallArguments, RuntimeListArguments};
use crate::data_dir::DataDir;
use runtime::{Kind, Runtimes, packs};
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

pub fn run(command: &RuntimeCommand) -> Outcome {
    match command {
        RuntimeCommand::List(arguments) => list(arguments),
        RuntimeCommand::Install(arguments) => install(arguments),
    }
}

fn list(arguments: &RuntimeListArguments) -> Outcome {
    let data = DataDir::create(&arguments.data.data)?;
    let packs = arguments.packs.clone().unwrap_or_else(|| data.packs());
    let runtimes = Runtimes::open_with_packs(data.path(), &packs)?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    for found in runtimes.report() {
        let stand_in = found.stand_in.map(|id| format!(" (runs on {id})")).unwrap_or_default();
        let pack = match found.has_pack {
            Some(true) => ", pack installed",
            Some(false) => ", no pack: zerun runtime install",
            None => "",
        };
        let executable = found.executable.display();
        writeln!(out, "{:<16}{:<10}{executable}{stand_in}{pack}", found.identifier, found.version)?;
    }
    writeln!(out, "{:<16}{:<10}the code's own bootstrap", "provided.al2023", "-")?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// Progress goes to standard error, the pack's place to standard output. A pack that is there is left
/// as it is, so that scripts may ask for it every time.
fn install(arguments: &RuntimeInstallArguments) -> Outcome {
    let packs_dir = match &arguments.packs {
        Some(packs) => packs.clone(),
        None => DataDir::create(&arguments.data.data)?.packs(),
    };
    std::fs::create_dir_all(&packs_dir)?;
    let packs_dir = packs_dir.canonicalize()?;
    let mut found = None;
    for kind in &arguments.kinds {
        let kind = match kind {
            PackKind::Python => Kind::Python,
            PackKind::Node => Kind::Node,
            PackKind::Java => Kind::Java,
        };
        let path: PathBuf = match packs::current(&packs_dir, kind) {
            Some(path) if !arguments.again => path,
            _ => {
                let interpreters = found.get_or_insert_with(runtime::discover);
                packs::install(&packs_dir, kind, interpreters, &mut |line| eprintln!("{line}"))?.path
            }
        };
        if kind == Kind::Java {
            let interpreters = runtime::discover_among(&[kind]);
            classes::archive(&path, &interpreters, &mut |line| eprintln!("{line}"));
        }
        writeln!(std::io::stdout(), "{} {}", kind.as_str(), path.display())?;
    }
    Ok(ExitCode::SUCCESS)
}

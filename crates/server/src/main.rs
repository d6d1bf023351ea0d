//! The binary `zerun`: reads the command line and the configuration, builds the rooms and serves.

mod account_command;
mod audit_command;
mod bill_command;
mod cli;
mod config;
mod control;
mod data_dir;
mod doctor;
mod environment;
mod explain_command;
mod function_log;
mod guardrails;
mod image_command;
mod instances;
mod issuers;
mod listener;
mod machine;
mod metrics;
mod operations_command;
mod rooms;
mod runtime_command;
mod serve;
mod signals;
mod terminal;

use clap::Parser;
use cli::{Arguments, Command};
use data_dir::DataDir;
use environment::Environment;
use function_log::DeveloperFormat;
use std::error::Error;
use std::io::{ErrorKind, IsTerminal, Write};
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// Sandboxed functions, uploads and connections allocate on many threads at once.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Outcome = Result<ExitCode, Box<dyn Error>>;

fn main() -> ExitCode {
    // Before anything else: a sandbox's first process must not have a thread, a lock or a handle of ours.
    let part = std::env::args_os().nth(1);
    if part.as_ref().is_some_and(|argument| argument == "sandbox-init") {
        sandbox::init_main();
    }
    if part.is_some_and(|argument| argument == pool::COMPILE_ARGUMENT) {
        return pool::compile_main();
    }
    let arguments = Arguments::parse();
    log_to_standard_error(matches!(arguments.command, Command::Dev(_)));
    match run(arguments.command) {
        Ok(status) => status,
        // Whoever read our output has read enough of it.
        Err(error) if is_broken_pipe(error.as_ref()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("zerun: {}", describe(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Outcome {
    match command {
        Command::Serve(arguments) => serve::run(&arguments, serve::Mode::Serve),
        Command::Dev(arguments) => serve::run(&arguments, serve::Mode::Dev),
        Command::Env(arguments) => print_environment(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Bill(arguments) => bill_command::run(&arguments),
        Command::Account(command) => account_command::run(command),
        Command::Audit(arguments) => audit_command::run(&arguments),
        Command::Explain(arguments) => explain_command::run(&arguments),
        Command::Image(command) => image_command::run(&command),
        Command::Runtime(command) => runtime_command::run(&command),
        Command::Operations(arguments) => operations_command::run(&arguments),
        Command::Version => {
            writeln!(std::io::stdout(), "zerun {}", env!("CARGO_PKG_VERSION"))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn print_environment(arguments: &cli::DataArguments) -> Outcome {
    let read = DataDir::existing(&arguments.data).and_then(|data| Environment::read(&data));
    let environment = read.map_err(|error| {
        let data = arguments.data.display();
        format!("no server ever started on {data} ({error}); start one with: zerun dev --data {data}")
    })?;
    std::io::stdout().write_all(environment.export_lines().as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// `ZERUN_LOG` as in `warn,request=debug`; by default what an operator acts on, and failed requests.
/// A developer also sees what functions write.
fn log_to_standard_error(dev: bool) {
    let usual = if dev { "info,function=debug" } else { "info" };
    let filter = EnvFilter::try_from_env("ZERUN_LOG").unwrap_or_else(|_| EnvFilter::new(usual));
    let ansi = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(ansi).with_writer(std::io::stderr);
    if dev { log.event_format(DeveloperFormat::default()).init() } else { log.init() }
}

fn is_broken_pipe(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// An error with its causes, each said once.
fn describe(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = error.source();
    }
    text
}

//! `zerun serve` and `zerun dev`: build the rooms from the bottom up, serve, and end in order.

use crate::cli::ServeArguments;
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::environment::Environment;
use crate::listener;
use crate::rooms::{Rooms, Settings};
use crate::{Outcome, control, guardrails, issuers, metrics, signals};
use access::{Access, WELL_KNOWN_KEY};
use names::Region;
use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tokio::net::TcpListener;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Serve,
    /// Also knows the key pair that everybody knows.
    Dev,
}

/// More than it takes to end a sandbox that has to be killed.
const LAST_THREADS_END_WITHIN: Duration = Duration::from_secs(15);

pub fn run(arguments: &ServeArguments, mode: Mode) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(serve(arguments, mode));
    // What still runs was cut by its deadline. The last to let go of the sandboxes removes what they had on the host,
    // and the process must not end in the middle of that.
    runtime.shutdown_timeout(LAST_THREADS_END_WITHIN);
    outcome
}

async fn serve(arguments: &ServeArguments, mode: Mode) -> Outcome {
    let stop = signals::stop_on_signal()?;
    let config = Config::load(arguments.config.as_deref())?;
    let region = Region::parse(&arguments.region)?;
    check_well_known_key(arguments, mode, &config)?;

    let data = DataDir::create(&arguments.data.data)
        .map_err(|error| format!("data directory {}: {error}", arguments.data.data.display()))?;
    let listener = TcpListener::bind(arguments.listen)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}", arguments.listen))?;
    let address = listener.local_addr()?;
    let metrics = match arguments.metrics {
        None => None,
        Some(address) => {
            let bound = TcpListener::bind(address).await;
            Some(bound.map_err(|error| format!("cannot listen on {address} for metrics: {error}"))?)
        }
    };

    let settings = Settings {
        data: &data,
        packs: arguments.packs.clone().unwrap_or_else(|| data.packs()),
        config: &config,
        accounts: config.accounts(mode == Mode::Dev),
        region: region.clone(),
        address,
        may_lack: arguments.isolation.may_lack.iter().copied().collect(),
    };
    let rooms = Rooms::build(settings).await?;
    let environment = Environment::new(&format!("http://{address}"), region.as_str(), &rooms.root_key);
    environment.write(&data)?;
    announce(&environment, rooms.first_start)?;

    let control =
        control::serve(&data, rooms.meters(), rooms.functions(), rooms.access(), rooms.clock.clone())?;
    let metrics = metrics.map(|listener| tokio::spawn(metrics::serve(listener, rooms.metrics())));
    let hangups = signals::on_hangup(reload(arguments.config.clone(), rooms.access()))?;
    let listening = rooms.listening.clone();
    let (front, clock) = (rooms.front.clone(), rooms.clock.clone());
    let background = rooms.start_background(stop.clone());
    let begun =
        listener::serve(listener, front, listening, clock.clone(), stop, arguments.stop_deadline).await;
    // They hold rooms that are taken down now.
    for task in [Some(control), Some(hangups), metrics].into_iter().flatten() {
        task.abort();
        let _ = task.await;
    }
    let good = background.end(arguments.stop_deadline.saturating_sub(clock.since(begun))).await;
    tracing::info!("stopped");
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Reads the guardrails and the issuers' keys again; what cannot be read leaves those so far in force. All else of the
/// configuration holds until the next start.
fn reload(path: Option<PathBuf>, access: Access) -> impl FnMut() + Send + 'static {
    move || {
        let config = Config::load(path.as_deref()).map_err(|error| error.to_string());
        match config.and_then(|config| Ok((guardrails::load(&config)?, issuers::load(&config)?))) {
            Ok(((guardrails, listed), issuers)) => {
                access.set_guardrails(guardrails);
                access.set_issuers(issuers);
                tracing::info!(policies = listed.len(), "guardrails and issuers were read again");
            }
            Err(error) => tracing::error!(error, "guardrails and issuers stay as they were"),
        }
    }
}

/// A key that everybody knows belongs on the loopback interface of a development machine only.
fn check_well_known_key(
    arguments: &ServeArguments,
    mode: Mode,
    config: &Config,
) -> Result<(), Box<dyn Error>> {
    if mode == Mode::Serve && config.names_well_known_key() {
        let message = format!(
            "the configuration registers the access key {WELL_KNOWN_KEY:?}, which everybody knows; \
             `zerun serve` refuses it, `zerun dev` accepts it on the loopback interface"
        );
        return Err(message.into());
    }
    if mode == Mode::Dev && !arguments.listen.ip().is_loopback() {
        let message = format!(
            "`zerun dev` knows the key pair {WELL_KNOWN_KEY}/{WELL_KNOWN_KEY}, which everybody knows, and \
             so listens on a loopback address only, not on {}; use `zerun serve` there",
            arguments.listen
        );
        return Err(message.into());
    }
    Ok(())
}

/// The address, alone on the first line; at the first start also how to use it. Nothing else is ever
/// written to standard output.
fn announce(environment: &Environment, first_start: bool) -> std::io::Result<()> {
    let mut text = format!("{}\n", environment.endpoint);
    if first_start {
        text.push_str(&environment.export_lines());
    }
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

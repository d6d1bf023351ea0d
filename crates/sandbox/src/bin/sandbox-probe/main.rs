//! Runs one program in a sandbox made here, and says how it went: for trying things by hand, for the tests
//! (which kill it), and for measuring.
//!
//! ```text
//! sandbox-probe report STATE_DIR
//! sandbox-probe run STATE_DIR PROGRAM [ARGUMENT…]
//! sandbox-probe hold STATE_DIR PROGRAM [ARGUMENT…]     (prints "ready" and waits to be killed)
//! sandbox-probe bench STATE_DIR
//! sandbox-probe burst STATE_DIR COUNT                  (so many at once)
//! sandbox-probe leak STATE_DIR COUNT [TEMPLATE…]       (so many one after another: what is left?)
//! sandbox-probe forks STATE_DIR COUNT TEMPLATE…        (so many into one sandbox)
//! ```
//!
//! `TEMPLATE…` is a program, with its arguments, that becomes a template; without one `/bin/true` is executed.
//! `BIND=DIRECTORY` shows it as `/var/task`; `MAY_LACK=1` goes without what the host cannot give; `FREEZE=1`
//! freezes what `hold` holds; `AT_ONCE=8` has `leak` work on so many at a time.

mod counts;
mod leak;
mod measure;

use sandbox::{Bind, Command, CpuSpec, Host, HostOptions, RootSpec, Sandbox, Spec};
use std::collections::BTreeSet;
use std::io::Write;
use std::process::ExitCode;
use tokio::io::AsyncReadExt;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if words.get(1) == Some(&"sandbox-init") {
        sandbox::init_main();
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return say_error(&error),
    };
    let result = match words.as_slice() {
        [_, "report", state] => runtime.block_on(report(state)),
        [_, "run", state, program @ ..] => runtime.block_on(run(state, program, false)),
        [_, "hold", state, program @ ..] => runtime.block_on(run(state, program, true)),
        [_, "bench", state] => runtime.block_on(measure::bench(state)),
        [_, "burst", state, count] => runtime.block_on(measure::burst(state, count)),
        [_, "leak", state, count, template @ ..] => runtime.block_on(leak::leak(state, count, template)),
        [_, "forks", state, count, template @ ..] => runtime.block_on(leak::forks(state, count, template)),
        _ => Err("usage: sandbox-probe report|run|hold|bench|burst|leak|forks STATE_DIR […]".into()),
    };
    result.unwrap_or_else(|error| say_error(&*error))
}

type Outcome = Result<ExitCode, Box<dyn std::error::Error>>;

fn say_error(error: &dyn std::error::Error) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "sandbox-probe: {error}");
    ExitCode::FAILURE
}

fn say(text: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{text}")
}

fn host(state: &str) -> Result<Host, sandbox::SandboxError> {
    Host::detect(HostOptions {
        owner: owner(state),
        state_dir: state.into(),
        init: "/proc/self/exe".into(),
        may_lack: if std::env::var_os("MAY_LACK").is_some() {
            BTreeSet::from(sandbox::Layer::ALL)
        } else {
            BTreeSet::new()
        },
        clock: clock::Clock::real(),
    })
}

/// Different for different directories, the same at every start over one.
fn owner(state: &str) -> String {
    let name: String =
        state.rsplit('/').next().unwrap_or_default().chars().filter(char::is_ascii_alphanumeric).collect();
    format!("probe-{name}")
}

fn spec(id: &str) -> Spec {
    Spec {
        id: id.into(),
        root: RootSpec {
            host_os: true,
            binds: std::env::var_os("BIND")
                .map(|source| Bind { source: source.into(), target: "/var/task".into() })
                .into_iter()
                .collect(),
            directories: vec!["/var/task".into(), "/opt".into()],
            ..RootSpec::default()
        },
        tmp_bytes: 512 << 20,
        memory_bytes: 256 << 20,
        cpu: CpuSpec::default(),
        pids_max: 256,
        nofile: 1024,
        hostname: "sandbox".into(),
        listen: vec![([127, 0, 0, 1], 9001).into()],
        host_names: vec![("sandbox.localdomain".into(), [127, 0, 0, 1].into())],
        tun: None,
    }
}

fn command(words: &[&str]) -> Command {
    Command {
        argv: words.iter().map(|word| (*word).to_owned()).collect(),
        env: vec![("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into()), ("HOME".into(), "/tmp".into())],
        cwd: "/".into(),
        channel: false,
    }
}

async fn report(state: &str) -> Outcome {
    let host = host(state)?;
    say(&serde_json::to_string_pretty(host.report())?)?;
    Ok(ExitCode::SUCCESS)
}

async fn run(state: &str, program: &[&str], hold: bool) -> Outcome {
    let host = host(state)?;
    host.sweep()?;
    let mut sandbox = Sandbox::create(&host, spec("one")).await?;
    let mut process = sandbox.exec(command(program)).await?;
    if hold {
        if std::env::var_os("FREEZE").is_some() {
            sandbox.freeze().await?;
        }
        say("ready")?;
        std::future::pending::<()>().await;
    }
    let (mut out, mut err) = (String::new(), String::new());
    if let (Some(stdout), Some(stderr)) = (&mut process.stdout, &mut process.stderr) {
        let (read_out, read_err) =
            tokio::join!(stdout.read_to_string(&mut out), stderr.read_to_string(&mut err));
        read_out?;
        read_err?;
    }
    let exit = process.wait().await;
    say(&format!("{out}{err}{exit:?}\n{:?}", sandbox.stats()))?;
    sandbox.destroy().await?;
    Ok(ExitCode::SUCCESS)
}

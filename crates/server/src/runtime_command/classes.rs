//! Archives of classes for the Java pack, each made in a sandbox as functions have one.

use crate::rooms;
use clock::Clock;
use runtime::Interpreter;
use runtime::api::{Initialised, Invocation, RuntimeApi};
use runtime::packs::{ARCHIVE_BYTES_MAX, TrialRun, trial_runs};
use sandbox::{Bind, Command, CpuSpec, Layer, RootSpec, Sandbox, Spec};
use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;

const RUNTIME_API: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9001);

/// More than a slow machine takes.
const PATIENCE: Duration = Duration::from_secs(120);

const MEMORY_BYTES: u64 = 1 << 30;

const SIGTERM: i32 = 15;

/// Makes those that the pack lacks. It is good without them: functions then start slower, and `progress` says so.
pub fn archive(pack: &Path, interpreters: &[Interpreter], progress: &mut dyn FnMut(&str)) {
    for run in trial_runs(pack, interpreters, &RUNTIME_API.to_string()) {
        progress(&format!("archiving classes for {}", run.identifier));
        if let Err(error) = make(pack, &run) {
            progress(&format!(
                "functions of {} start without an archive of classes: {error}",
                run.identifier
            ));
        }
    }
}

fn make(pack: &Path, run: &TrialRun) -> Result<(), Box<dyn Error>> {
    let clock = Clock::real();
    // What runs is the vendor's, and alone.
    let may_lack = Layer::ALL.into_iter().filter(|layer| !layer.is_indispensable()).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async {
        // In the pack, because that is on a disk of ours with room.
        let (host, _directory) = rooms::trial_host(pack, may_lack, &clock)?;
        let mut sandbox = Sandbox::create(&host, spec(run)).await?;
        let made = clock.timeout(PATIENCE, lead(&mut sandbox, run, &clock)).await;
        let removed = sandbox.destroy().await;
        let archive = made.ok_or("the trial run took too long")??;
        removed?;
        run.keep(&archive)?;
        Ok(())
    })
}

/// Gives the process its event, ends it, and takes what it left.
async fn lead(sandbox: &mut Sandbox, run: &TrialRun, clock: &Clock) -> Result<Vec<u8>, Box<dyn Error>> {
    let listener =
        sandbox.take_listeners().into_iter().next().ok_or("the sandbox came without a listener")?;
    let api = RuntimeApi::start(listener, clock.clone())?;
    let mut java = sandbox.exec(command(run.argv.clone(), run)).await?;
    let said =
        [java.stdout.take(), java.stderr.take()].map(|pipe| tokio::spawn(read(pipe, OUTPUT_BYTES_MAX)));
    let answered = tokio::select! {
        answered = converse(&api, clock) => answered,
        _ = java.wait() => false,
    };
    if answered {
        sandbox.signal(&java, SIGTERM).await?;
        java.wait().await;
    } else {
        sandbox.kill_all().await?;
    }
    let [stdout, stderr] = said;
    let said = [stdout.await?, stderr.await?].concat();
    if !answered {
        return Err(format!("the trial run failed: {}", String::from_utf8_lossy(&said).trim()).into());
    }
    let mut cat = sandbox.exec(command(vec!["/bin/cat".to_owned(), run.archive.to_owned()], run)).await?;
    let archive = read(cat.stdout.take(), ARCHIVE_BYTES_MAX).await;
    if !cat.wait().await.status.success() || archive.is_empty() || archive.len() as u64 == ARCHIVE_BYTES_MAX {
        return Err(format!("Java wrote no archive: {}", String::from_utf8_lossy(&said).trim()).into());
    }
    Ok(archive)
}

async fn converse(api: &RuntimeApi, clock: &Clock) -> bool {
    if !matches!(api.initialised().await, Initialised::Ready) {
        return false;
    }
    let invocation = Invocation {
        request_id: "00000000-0000-4000-8000-000000000000".to_owned(),
        payload: br#"{"text":"trial","list":[1,2.5,true,null,{}]}"#.as_slice().into(),
        deadline: clock.now() + PATIENCE,
        invoked_arn: "arn:aws:lambda:us-east-1:000000000000:function:trial".to_owned(),
        trace_id: "Root=1-00000000-000000000000000000000000;Parent=0000000000000000;Sampled=0".to_owned(),
        client_context: None,
        cognito_identity: None,
        takes_stream: false,
    };
    match api.invoke(invocation) {
        Ok(mut pending) => {
            pending.reply().await;
            api.idle().await;
            true
        }
        Err(_) => false,
    }
}

/// What is kept of a process's words.
const OUTPUT_BYTES_MAX: u64 = 64 << 10;

async fn read(pipe: Option<Receiver>, bytes_max: u64) -> Vec<u8> {
    let mut found = Vec::new();
    if let Some(mut pipe) = pipe {
        // What was read before an error is told all the same.
        let _ = (&mut pipe).take(bytes_max).read_to_end(&mut found).await;
        let _ = tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await;
    }
    found
}

fn command(argv: Vec<String>, run: &TrialRun) -> Command {
    Command { argv, env: run.environment.clone(), cwd: "/var/task".into(), channel: false }
}

fn spec(run: &TrialRun) -> Spec {
    let binds = run.base.binds.iter();
    let binds =
        binds.map(|(source, target)| Bind { source: source.clone(), target: target.clone() }).collect();
    Spec {
        id: "classes".to_owned(),
        root: RootSpec {
            image: None,
            host_os: true,
            binds,
            directories: vec!["/opt".into(), "/var/task".into(), "/var/runtime".into()],
            symlinks: run.base.symlinks.clone(),
        },
        tmp_bytes: 2 * ARCHIVE_BYTES_MAX,
        memory_bytes: MEMORY_BYTES,
        cpu: CpuSpec::default(),
        pids_max: 1024,
        nofile: 1024,
        hostname: "sandbox".to_owned(),
        listen: vec![RUNTIME_API],
        host_names: Vec::new(),
        tun: None,
    }
}

use sandbox::{Command, CpuSpec, Exit, Host, HostOptions, Layer, LayerState, RootSpec, Sandbox, Spec};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::AsyncReadExt;

/// A host of its own for one test.
pub struct World {
    // Ends before its directory goes.
    pub host: Host,
    pub state: TempDir,
}

/// What a program left behind.
#[derive(Debug)]
pub struct Ended {
    pub exit: Exit,
    pub stdout: String,
    pub stderr: String,
}

pub fn owner(state: &Path) -> String {
    let name = state.file_name().unwrap().to_string_lossy().into_owned();
    format!("probe-{}", name.chars().filter(char::is_ascii_alphanumeric).collect::<String>())
}

pub fn detect(state: &Path) -> Host {
    Host::detect(HostOptions {
        owner: owner(state),
        state_dir: state.to_owned(),
        init: env!("CARGO_BIN_EXE_sandbox-probe").into(),
        may_lack: BTreeSet::new(),
        clock: clock::Clock::real(),
    })
    .unwrap()
}

/// `None`, with a word on why, for an ordinary user, who cannot have what the tests are about. As root a
/// missing layer is a failure, unless `SANDBOX_TESTS_MAY_SKIP` is set (in a container, say): tests that pass
/// for nothing hide what broke.
pub fn world() -> Option<World> {
    let state = tempfile::tempdir().unwrap();
    let host = detect(state.path());
    let missing: Vec<&str> = host
        .report()
        .layers
        .iter()
        .filter(|report| report.state == LayerState::Missing && report.layer != Layer::LateBind)
        .map(|report| report.layer.name())
        .collect();
    if missing.is_empty() {
        return Some(World { host, state });
    }
    let lacking = format!("this host lacks {}", missing.join(", "));
    let may_skip = !host.report().privileged || std::env::var_os("SANDBOX_TESTS_MAY_SKIP").is_some();
    assert!(may_skip, "{lacking}; set SANDBOX_TESTS_MAY_SKIP to go without");
    eprintln!("not tested: {lacking}");
    None
}

pub fn spec() -> Spec {
    Spec {
        id: format!("t-{}", clock::Clock::real().random_token(8)),
        root: RootSpec {
            host_os: true,
            directories: vec!["/var/task".into(), "/opt".into()],
            ..RootSpec::default()
        },
        tmp_bytes: 64 << 20,
        memory_bytes: 256 << 20,
        cpu: CpuSpec::default(),
        pids_max: 128,
        nofile: 1024,
        hostname: "sandbox".into(),
        listen: Vec::new(),
        host_names: vec![("sandbox.localdomain".into(), [127, 0, 0, 1].into())],
        tun: None,
    }
}

pub fn command(argv: &[&str]) -> Command {
    Command {
        argv: argv.iter().map(|word| (*word).to_owned()).collect(),
        env: vec![("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into())],
        cwd: "/tmp".into(),
        channel: false,
    }
}

pub fn python() -> &'static str {
    ["/usr/bin/python3", "/usr/local/bin/python3"]
        .into_iter()
        .find(|path| Path::new(path).exists())
        .expect("a python3 below /usr, which the tests run in sandboxes")
}

impl World {
    pub async fn sandbox(&self) -> Sandbox {
        self.sandbox_of(spec()).await
    }

    pub async fn sandbox_of(&self, spec: Spec) -> Sandbox {
        Sandbox::create(&self.host, spec).await.unwrap()
    }

    /// The sandbox groups that exist now, in all hierarchies.
    pub fn groups(&self) -> Vec<PathBuf> {
        groups(self.state.path())
    }
}

/// Directories of this owner's sandboxes, wherever cgroups are mounted.
pub fn groups(state: &Path) -> Vec<PathBuf> {
    let noted = fs::read_to_string(state.join("cgroups")).unwrap_or_default();
    let directories = noted.lines().filter_map(|line| fs::read_dir(line).ok()).flatten();
    let paths = directories.map(|entry| entry.unwrap()).filter(|entry| entry.file_type().unwrap().is_dir());
    paths.map(|entry| entry.path()).filter(|path| !path.ends_with("init")).collect()
}

/// Images in `state` that a loop device still holds.
pub fn images_in_use(state: &Path) -> usize {
    let devices = fs::read_dir("/sys/block").into_iter().flatten();
    let backing =
        devices.filter_map(|device| fs::read_to_string(device.ok()?.path().join("loop/backing_file")).ok());
    backing.filter(|file| file.starts_with(&*state.to_string_lossy())).count()
}

/// Mounts that this process can see below `state`.
pub fn mounts_in(state: &Path) -> usize {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    mounts.lines().filter(|line| line.contains(&*state.to_string_lossy())).count()
}

/// Host processes of which `matches` holds, by the contents of their `status`.
pub fn processes(matches: impl Fn(&str) -> bool) -> usize {
    let entries = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let statuses = entries.filter_map(|entry| fs::read_to_string(entry.path().join("status")).ok());
    statuses.filter(|status| matches(status)).count()
}

pub fn processes_of(uid: u32) -> usize {
    processes(|status| status.contains(&format!("Uid:\t{uid}\t")))
}

/// Waits until `holds`, and fails after ten seconds.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let clock = clock::Clock::real();
    let reached = clock.timeout(Duration::from_secs(10), async {
        while !holds() {
            clock.sleep(Duration::from_millis(2)).await;
        }
    });
    assert!(reached.await.is_some(), "never came about: {what}");
}

pub async fn run(sandbox: &mut Sandbox, argv: &[&str]) -> Ended {
    let mut process = sandbox.exec(command(argv)).await.unwrap();
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let (mut out, mut err) = (process.stdout.take().unwrap(), process.stderr.take().unwrap());
    let (read_out, read_err) = tokio::join!(out.read_to_end(&mut stdout), err.read_to_end(&mut stderr));
    read_out.unwrap();
    read_err.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ended { exit: process.wait().await, stdout: text(stdout), stderr: text(stderr) }
}

/// Standard output of a program that must succeed.
pub async fn output(sandbox: &mut Sandbox, argv: &[&str]) -> String {
    let ended = run(sandbox, argv).await;
    assert!(ended.exit.status.success(), "{argv:?}: {ended:?}");
    ended.stdout
}

pub async fn shell(sandbox: &mut Sandbox, script: &str) -> String {
    output(sandbox, &["/bin/sh", "-c", script]).await
}

//! Processes that were not started in their sandbox but came into it.

use crate::world::{World, command, python, spec, until, world};
use sandbox::{
    Bind, Command, CpuSpec, ExitStatus, Process, RootSpec, Sandbox, SandboxError, Spec, Template,
    TemplateSpec,
};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;
use tokio::io::AsyncReadExt;

const FACTS: &str = include_str!("facts.py");

/// Shows the shim as it is in the source, and the tests' own program.
fn root() -> RootSpec {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let bind = |source: &str, target: &str| Bind { source: here.join(source), target: target.into() };
    RootSpec {
        host_os: true,
        binds: vec![
            bind("../runtime/shims/python", "/opt/shim"),
            bind("tests/sandbox/template.py", "/opt/template.py"),
        ],
        directories: vec!["/var/task".into()],
        ..RootSpec::default()
    }
}

fn program(words: &[&str]) -> Command {
    let mut argv = vec![python(), "-S", "/opt/template.py"];
    argv.extend(words);
    Command { cwd: "/".into(), ..command(&argv) }
}

async fn template(world: &World) -> Template {
    world.host.template(TemplateSpec { root: root(), command: program(&[]) }).await.unwrap()
}

async fn sandbox(world: &World) -> Sandbox {
    world.sandbox_of(Spec { root: root(), ..spec() }).await
}

/// Has the process run `script`, and waits for its end.
async fn run(mut process: Process, script: &str) -> (String, String, sandbox::Exit) {
    let mut channel = say(&mut process, script);
    let (mut out, mut err) = (process.stdout.take().unwrap(), process.stderr.take().unwrap());
    let (mut stdout, mut stderr) = (String::new(), String::new());
    let (read_out, read_err) = tokio::join!(out.read_to_string(&mut stdout), err.read_to_string(&mut stderr));
    read_out.unwrap();
    read_err.unwrap();
    let exit = process.wait().await;
    assert_eq!(channel.read(&mut [0]).unwrap(), 0, "nobody else has it open");
    (stdout, stderr, exit)
}

fn say(process: &mut Process, script: &str) -> UnixStream {
    let mut channel = process.take_channel().unwrap();
    channel.set_nonblocking(false).unwrap();
    channel.write_all(script.as_bytes()).unwrap();
    channel.write_all(&[0]).unwrap();
    channel
}

async fn output(process: Process, script: &str) -> String {
    let (stdout, stderr, exit) = run(process, script).await;
    assert!(exit.status.success(), "{exit:?} {stdout}{stderr}");
    stdout
}

#[tokio::test]
async fn is_enclosed_like_a_process_that_was_started_there() {
    let Some(world) = world() else { return };
    let template = template(&world).await;
    let mut sandbox = sandbox(&world).await;
    let forked = sandbox.fork_from(&template).await.unwrap();
    let forked = output(forked, FACTS).await;
    // The same program with the same descriptors, but executed.
    let text = "import os, sys; os.set_inheritable(3, False); sys.path.pop(0); sys.argv.pop()\n";
    let order = Command { channel: true, ..command(&[python(), "-S", "-c", &format!("{text}{FACTS}")]) };
    let mut executed = sandbox.exec(Command { cwd: "/".into(), ..order }).await.unwrap();
    let _channel = executed.take_channel().unwrap();
    let mut text = String::new();
    executed.stdout.take().unwrap().read_to_string(&mut text).await.unwrap();
    let mut errors = String::new();
    executed.stderr.take().unwrap().read_to_string(&mut errors).await.unwrap();
    assert!(text.ends_with("end\n"), "{text}{errors}");
    for (forked, executed) in forked.lines().zip(text.lines()) {
        assert_eq!(forked, executed);
    }
    assert_eq!(forked, text);
    for fact in
        ["CapBnd:\t0000000000000000", "Seccomp_filters:\t2", "landlock 15 E2BIG", "parent 1", "shared []"]
    {
        assert!(forked.contains(fact), "{fact}: {forked}");
    }
}

#[tokio::test]
async fn its_end_is_told_and_it_can_be_signalled_killed_and_starved() {
    let Some(world) = world() else { return };
    let template = template(&world).await;
    let mut sandbox = sandbox(&world).await;
    let forked = sandbox.fork_from(&template).await.unwrap();
    let (stdout, stderr, exit) =
        run(forked, "import os, sys; print('out'); print('err', file=sys.stderr); sys.exit(7)").await;
    assert_eq!((stdout.as_str(), stderr.as_str(), exit.status), ("out\n", "err\n", ExitStatus::Code(7)));

    let mut forked = sandbox.fork_from(&template).await.unwrap();
    sandbox.signal(&forked, 15).await.unwrap();
    assert_eq!(forked.wait().await.status, ExitStatus::Signal(15));

    let mut one = sandbox.fork_from(&template).await.unwrap();
    let mut other = sandbox.exec(command(&["/bin/sleep", "1000"])).await.unwrap();
    sandbox.kill_all().await.unwrap();
    assert_eq!(one.wait().await.status, ExitStatus::Signal(9));
    assert_eq!(other.wait().await.status, ExitStatus::Signal(9));

    sandbox.freeze().await.unwrap();
    assert!(matches!(sandbox.fork_from(&template).await, Err(SandboxError::Frozen)));
    sandbox.thaw().await.unwrap();

    sandbox.set_limits(64 << 20, &CpuSpec::default()).unwrap();
    let forked = sandbox.fork_from(&template).await.unwrap();
    let (_, _, exit) = run(forked, "x = []\nwhile True: x.append(bytearray(1 << 20))").await;
    assert_eq!((exit.status, exit.oom_killed), (ExitStatus::Signal(9), true));
    assert_eq!(template.forks(), 4);
}

#[tokio::test]
async fn siblings_share_no_randomness_and_see_what_is_bound_later() {
    let Some(world) = world() else { return };
    let template = template(&world).await;
    let (mut one, mut other) = (sandbox(&world).await, sandbox(&world).await);
    let random = "import os, random, ssl, uuid, tempfile, secrets\n\
        for value in (random.random(), ssl.RAND_bytes(8), uuid.uuid4(), secrets.token_hex(8), \
        os.urandom(8), tempfile.mktemp()): print(value)";
    let (first, second) = tokio::join!(one.fork_from(&template), other.fork_from(&template));
    let (first, second) = (output(first.unwrap(), random).await, output(second.unwrap(), random).await);
    assert_eq!(first.lines().count(), 6);
    for (first, second) in first.lines().zip(second.lines()) {
        assert_ne!(first, second);
    }

    let code = tempfile::tempdir().unwrap();
    std::fs::write(code.path().join("handler.py"), "print('handled')\n").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(code.path(), mode).unwrap();
    let forked = one.fork_from(&template).await.unwrap();
    one.bind(code.path(), Path::new("/var/task")).await.unwrap();
    let script = "import sys; sys.path.insert(0, '/var/task'); import handler";
    assert_eq!(output(forked, script).await, "handled\n");
    // Not even by name: its own sandbox's.
    let forked = other.fork_from(&template).await.unwrap();
    assert_eq!(output(forked, "import os; print(os.listdir('/var/task'))").await, "[]\n");
}

#[tokio::test]
async fn one_template_serves_many_sandboxes_at_once() {
    let Some(world) = world() else { return };
    let template = std::sync::Arc::new(template(&world).await);
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..12 {
        let (host, template) = (world.host.clone(), template.clone());
        tasks.spawn(async move {
            let mut sandbox = Sandbox::create(&host, Spec { root: root(), ..spec() }).await.unwrap();
            let forked = sandbox.fork_from(&template).await.unwrap();
            let said = output(forked, &format!("import os; print({number}, os.getuid())")).await;
            assert_eq!(said, format!("{number} {}\n", sandbox.uid()));
            sandbox.destroy().await.unwrap();
        });
    }
    while let Some(result) = tasks.join_next().await {
        result.unwrap();
    }
    assert!(world.groups().is_empty());
}

#[tokio::test]
async fn what_a_killed_template_forked_lives_on() {
    let Some(world) = world() else { return };
    let template = template(&world).await;
    let mut sandbox = sandbox(&world).await;
    let mut forked = sandbox.fork_from(&template).await.unwrap();
    // A sweep takes neither.
    assert_eq!(world.host.sweep().unwrap(), sandbox::SweepReport::default());
    assert!(!template.has_ended() && template.memory_bytes() > Some(1 << 20));
    kill(template.pid());
    template.gone().await;
    assert!(template.has_ended() && template.memory_bytes().is_none());
    let error = sandbox.fork_from(&template).await.unwrap_err();
    assert!(matches!(error, SandboxError::Template(_)), "{error}");
    let mut channel = say(&mut forked, "channel.sendall(b'alive')\nchannel.recv(1)");
    let mut answer = [0; 5];
    channel.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"alive");
    let another = self::template(&world).await;
    output(sandbox.fork_from(&another).await.unwrap(), "pass").await;

    let pid = another.pid();
    drop(another);
    until("a dropped template has ended", || !Path::new(&format!("/proc/{pid}")).exists()).await;
    drop(channel);
    assert!(forked.wait().await.status.success());
}

fn kill(pid: i32) {
    let killed = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL);
    killed.unwrap();
}

#[tokio::test]
async fn a_sandbox_or_a_template_may_end_in_the_middle_of_a_fork() {
    let Some(world) = world() else { return };
    let clock = clock::Clock::real();
    let mut template = template(&world).await;
    let mut failed = 0;
    for round in 0..40_u64 {
        let mut sandbox = sandbox(&world).await;
        let uid = sandbox.uid();
        let victim = if round % 4 == 3 { template.pid() } else { sandbox.pid() };
        let (forked, ()) = tokio::join!(sandbox.fork_from(&template), async {
            clock.sleep(Duration::from_micros(150 * round)).await;
            kill(victim);
        });
        failed += usize::from(forked.is_err());
        drop(forked);
        sandbox.destroy().await.unwrap();
        assert_eq!(crate::world::processes_of(uid), 0);
        if victim == template.pid() {
            template = self::template(&world).await;
        }
    }
    assert!(failed > 0, "no fork was met");
    let mut sandbox = sandbox(&world).await;
    output(sandbox.fork_from(&template).await.unwrap(), "pass").await;
    sandbox.destroy().await.unwrap();
    assert!(world.groups().is_empty());
}

#[tokio::test]
async fn one_that_cannot_start_says_why() {
    let Some(world) = world() else { return };
    let failing = async |command: Command| {
        world.host.template(TemplateSpec { root: root(), command }).await.unwrap_err().to_string()
    };
    let told = failing(program(&["fails"])).await;
    assert!(told.contains("a reason"), "{told}");
    let told = failing(command(&["/no/such"])).await;
    assert!(told.contains("cannot execute the program"), "{told}");
    let told = failing(Command { channel: true, ..program(&[]) }).await;
    assert!(told.contains("has no channel"), "{told}");
    let lacking = RootSpec { binds: Vec::new(), ..root() };
    let spec = TemplateSpec { root: lacking, command: program(&[]) };
    let told = world.host.template(spec).await.unwrap_err().to_string();
    assert!(told.contains("template.py"), "{told}");
}

#[tokio::test]
async fn forks_leave_nothing() {
    let Some(world) = world() else { return };
    drop(world);
    let state = tempfile::tempdir().unwrap();
    let shims = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime/shims/python");
    let program = "import sys; sys.path.insert(0, '/var/task')\n\
        from zerun_shim import zygote; zygote.serve(3, lambda channel: None)";
    let mut probe = std::process::Command::new(env!("CARGO_BIN_EXE_sandbox-probe"));
    probe.arg("forks").arg(state.path()).args(["1000", python(), "-S", "-c", program]).env("BIND", shims);
    let output = probe.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (said, complained) = (text(&output.stdout), text(&output.stderr));
    assert!(said.ends_with("nothing is left\n"), "{said}{complained}");
}

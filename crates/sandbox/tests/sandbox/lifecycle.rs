use crate::world::{
    command, images_in_use, mounts_in, output, processes_of, python, run, shell, spec, until, world,
};
use sandbox::{Bind, Command, ExitStatus, RootSpec, Sandbox, SandboxError, Spec};
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

#[tokio::test]
async fn a_program_gets_what_it_was_given_and_its_end_is_told() {
    let Some(world) = world() else { return };
    let mut sandbox = world.sandbox().await;
    let order = Command {
        argv: ["/bin/sh", "-c", "pwd; env | sort; echo oops >&2; exit 7"].map(str::to_owned).into(),
        env: vec![("A".into(), "1".into()), ("B".into(), "two words=x".into())],
        cwd: "/var/task".into(),
        channel: false,
    };
    let mut process = sandbox.exec(order).await.unwrap();
    let mut text = String::new();
    tokio::io::AsyncReadExt::read_to_string(&mut process.stdout.take().unwrap(), &mut text).await.unwrap();
    assert_eq!(text, "/var/task\nA=1\nB=two words=x\nPWD=/var/task\n");
    let exit = process.wait().await;
    assert_eq!(exit.status, ExitStatus::Code(7));
    assert_eq!(process.wait().await, exit, "may be asked again");

    let ended = run(&mut sandbox, &["/bin/sh", "-c", "echo out > /dev/stdout; echo err > /dev/stderr"]).await;
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("out\n", "err\n"));

    let mut process = sandbox.exec(command(&["/bin/sleep", "1000"])).await.unwrap();
    let other = format!("kill -0 {} && echo reached", process.pid());
    assert_eq!(shell(&mut sandbox, &other).await, "reached\n", "programs of a sandbox are neighbours");
    sandbox.signal(&process, 15).await.unwrap();
    assert_eq!(process.wait().await.status, ExitStatus::Signal(15));
    sandbox.signal(&process, 9).await.unwrap();
}

#[tokio::test]
async fn a_program_gets_a_channel_and_no_other_descriptor() {
    let Some(world) = world() else { return };
    let mut sandbox = world.sandbox().await;
    let script = "\
import os, socket
channel = socket.socket(fileno=3)
assert channel.family == socket.AF_UNIX and channel.type == socket.SOCK_STREAM and os.get_inheritable(3)
listed = os.listdir('/proc/self/fd')
channel.sendall(' '.join(sorted(listed)).encode() + b' ' + channel.recv(100).upper())
assert channel.recv(1) == b''
";
    let wanted = Command { channel: true, ..command(&[python(), "-c", script]) };
    let mut process = sandbox.exec(wanted).await.unwrap();
    let channel = process.take_channel().unwrap();
    assert!(process.take_channel().is_none());
    channel.set_nonblocking(false).unwrap();
    (&channel).write_all(b"hello").unwrap();
    let mut answer = [0; 64];
    let length = (&channel).read(&mut answer).unwrap();
    // The fourth is the directory that was being listed.
    assert_eq!(String::from_utf8_lossy(&answer[..length]), "0 1 2 3 4 HELLO");
    drop(channel);
    assert!(process.wait().await.status.success());

    let none = output(&mut sandbox, &[python(), "-c", "import os; print(os.listdir('/proc/self/fd'))"]).await;
    assert_eq!(none, "['0', '1', '2', '3']\n", "that of the listing again");
    let failed = Command { channel: true, ..command(&["/no/such"]) };
    assert!(matches!(sandbox.exec(failed).await, Err(SandboxError::Exec { .. })));
}

#[tokio::test]
async fn a_program_that_cannot_start_is_an_error_and_no_more() {
    let Some(world) = world() else { return };
    let mut sandbox = world.sandbox().await;
    shell(&mut sandbox, "echo not a program > /tmp/text; chmod +x /tmp/text; echo x > /tmp/plain").await;
    for (program, kind) in [
        ("/no/such", std::io::ErrorKind::NotFound),
        ("/tmp/plain", std::io::ErrorKind::PermissionDenied),
        ("/tmp", std::io::ErrorKind::PermissionDenied),
    ] {
        match sandbox.exec(command(&[program])).await {
            Err(SandboxError::Exec { source, .. }) => assert_eq!(source.kind(), kind, "{program}"),
            other => panic!("{program}: {other:?}"),
        }
    }
    match sandbox.exec(command(&["/tmp/text"])).await {
        Err(SandboxError::Exec { source, .. }) => assert_eq!(source.raw_os_error(), Some(8), "ENOEXEC"),
        other => panic!("{other:?}"),
    }
    assert!(matches!(sandbox.exec(command(&["relative"])).await, Err(SandboxError::Invalid(_))));
    let huge = Command { env: vec![("A".into(), "x".repeat(200 << 10))], ..command(&["/bin/true"]) };
    assert!(matches!(sandbox.exec(huge).await, Err(SandboxError::Invalid(_))));
    let nowhere = Command { cwd: "/no/such".into(), ..command(&["/bin/true"]) };
    assert!(matches!(sandbox.exec(nowhere).await, Err(SandboxError::Host { .. })));
    assert_eq!(shell(&mut sandbox, "echo alive").await, "alive\n");
}

#[tokio::test]
async fn listeners_are_reached_from_inside_and_served_from_outside() {
    let Some(world) = world() else { return };
    let listen = vec![([127, 0, 0, 1], 9001).into(), ([127, 0, 0, 1], 4566).into()];
    let mut sandbox = world.sandbox_of(Spec { listen, ..spec() }).await;
    let listeners = sandbox.take_listeners();
    assert_eq!(listeners.len(), 2);
    assert!(sandbox.take_listeners().is_empty());
    for (listener, port) in listeners.into_iter().zip([9001, 4566]) {
        let served = std::thread::spawn(move || {
            let (mut stream, peer) = listener.accept().unwrap();
            assert!(peer.ip().is_loopback());
            let mut question = [0; 5];
            stream.read_exact(&mut question).unwrap();
            stream.write_all(b"world").unwrap();
            question
        });
        let script = format!(
            "import socket\ns = socket.create_connection(('sandbox.localdomain', {port}))\n\
             s.sendall(b'hello')\nprint(s.recv(5).decode())\n"
        );
        assert_eq!(output(&mut sandbox, &[python(), "-c", &script]).await, "world\n");
        assert_eq!(&served.join().unwrap(), b"hello");
    }
}

fn code() -> tempfile::TempDir {
    let code = tempfile::tempdir().unwrap();
    fs::write(code.path().join("handler.txt"), "handler").unwrap();
    fs::write(code.path().join("bootstrap"), "#!/bin/sh\necho booted\n").unwrap();
    fs::set_permissions(code.path().join("bootstrap"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(code.path(), fs::Permissions::from_mode(0o755)).unwrap();
    code
}

#[tokio::test]
async fn code_is_bound_at_creation_read_only() {
    let Some(world) = world() else { return };
    let code = code();
    let bind = |source: &Path, target: &str| Bind { source: source.to_owned(), target: target.into() };
    let root = RootSpec {
        host_os: true,
        binds: vec![bind(code.path(), "/var/task"), bind(&code.path().join("handler.txt"), "/opt/deep/file")],
        symlinks: vec![("/var/link".into(), "/var/task".into())],
        ..RootSpec::default()
    };
    let mut sandbox = world.sandbox_of(Spec { root, ..spec() }).await;
    assert_eq!(
        shell(&mut sandbox, "/var/task/bootstrap; cat /opt/deep/file /var/link/handler.txt").await,
        "booted\nhandlerhandler"
    );
    let ended =
        run(&mut sandbox, &["/bin/sh", "-c", "echo x > /var/task/new || rm -f /var/task/bootstrap"]).await;
    assert!(!ended.exit.status.success());
    assert_eq!(fs::read_dir(code.path()).unwrap().count(), 2);
}

#[tokio::test]
async fn code_is_bound_into_a_running_sandbox() {
    let Some(world) = world() else { return };
    let code = code();
    let mut sandbox = world.sandbox().await;
    // Already running when the code comes.
    let waits = "import os, time\nwhile not os.path.exists('/var/task/handler.txt'): time.sleep(0.005)\nprint('found')\n";
    let mut early = sandbox.exec(command(&[python(), "-c", waits])).await.unwrap();
    sandbox.bind(code.path(), Path::new("/var/task")).await.unwrap();
    assert!(early.wait().await.status.success());
    sandbox.bind(code.path(), Path::new("/var/lang/new/place")).await.unwrap();
    sandbox.bind(&code.path().join("handler.txt"), Path::new("/opt/file")).await.unwrap();
    let seen =
        shell(&mut sandbox, "/var/task/bootstrap; cat /var/lang/new/place/handler.txt /opt/file").await;
    assert_eq!(seen, "booted\nhandlerhandler");
    let ended = run(&mut sandbox, &["/bin/sh", "-c", "echo x > /var/task/new || echo x > /var/lang/x"]).await;
    assert!(!ended.exit.status.success());

    let missing = sandbox.bind(Path::new("/no/such"), Path::new("/opt/x")).await;
    assert!(matches!(missing, Err(SandboxError::Bind { .. })), "{missing:?}");
    for target in ["/proc/x", "/tmp/x", "/opt/../x", "relative"] {
        let refused = sandbox.bind(code.path(), Path::new(target)).await;
        assert!(matches!(refused, Err(SandboxError::Invalid(_))), "{target}: {refused:?}");
    }
    sandbox.destroy().await.unwrap();
    assert_eq!(fs::read_dir(code.path()).unwrap().count(), 2);
}

#[tokio::test]
async fn binds_and_links_come_in_one_message() {
    let Some(world) = world() else { return };
    let code = code();
    let mut sandbox = world.sandbox().await;
    let bind = |source: &Path, target: &str| Bind { source: source.to_owned(), target: target.into() };
    let link = |link: &str, to: &str| (PathBuf::from(link), PathBuf::from(to));
    let binds = [bind(code.path(), "/var/task"), bind(&code.path().join("handler.txt"), "/opt/deep/file")];
    let links = [link("/node_modules", "/var/task"), link("/var/deep/link", "/opt/deep/file")];
    sandbox.bind_all(&binds, &links).await.unwrap();
    assert_eq!(
        shell(&mut sandbox, "cat /node_modules/handler.txt /var/deep/link; readlink /var/deep/link").await,
        "handlerhandler/opt/deep/file\n"
    );
    sandbox.bind_all(&[], &links).await.unwrap();
    for taken in [link("/node_modules", "/opt"), link("/var/task/link", "/opt"), link("/etc/hosts", "/x")] {
        let refused = sandbox.bind_all(&[], std::slice::from_ref(&taken)).await;
        assert!(matches!(refused, Err(SandboxError::Host { .. })), "{taken:?}: {refused:?}");
    }
    for odd in [link("/tmp/link", "/opt"), link("/var/tmp/link", "/opt"), link("/../x", "/opt")] {
        let refused = sandbox.bind_all(&[], std::slice::from_ref(&odd)).await;
        assert!(matches!(refused, Err(SandboxError::Invalid(_))), "{odd:?}: {refused:?}");
    }
    assert_eq!(fs::read_dir(code.path()).unwrap().count(), 2);
}

#[tokio::test]
async fn killing_all_keeps_the_sandbox() {
    let Some(world) = world() else { return };
    let mut sandbox = world.sandbox_of(Spec { listen: vec![([127, 0, 0, 1], 9001).into()], ..spec() }).await;
    let listener = sandbox.take_listeners().remove(0);
    let script = "echo kept > /tmp/file; (setsid sleep 1000 &); sleep 1000";
    let mut process = sandbox.exec(command(&["/bin/sh", "-c", script])).await.unwrap();
    until("the children run", || sandbox.stats().pids >= Some(3)).await;
    sandbox.freeze().await.unwrap();
    sandbox.kill_all().await.unwrap();
    assert_eq!(process.wait().await.status, ExitStatus::Signal(9));
    assert_eq!(sandbox.stats().pids, Some(1), "only what waits to become the next program");
    assert_eq!(shell(&mut sandbox, "cat /tmp/file").await, "kept\n");
    let accepted = std::thread::spawn(move || listener.accept().is_ok());
    output(&mut sandbox, &[python(), "-c", "import socket; socket.create_connection(('127.0.0.1', 9001))"])
        .await;
    assert!(accepted.join().unwrap());
}

#[tokio::test]
async fn a_frozen_sandbox_stands_still() {
    let Some(world) = world() else { return };
    let code = code();
    let clock = clock::Clock::real();
    let mut sandbox = world.sandbox().await;
    let mut process = sandbox.exec(command(&["/bin/sh", "-c", "while :; do :; done"])).await.unwrap();
    let usec = |sandbox: &Sandbox| sandbox.stats().cpu_usec.unwrap();
    until("it spins", || usec(&sandbox) > 20_000).await;

    sandbox.freeze().await.unwrap();
    let at_freeze = usec(&sandbox);
    clock.sleep(Duration::from_millis(100)).await;
    assert_eq!(usec(&sandbox), at_freeze);
    assert!(matches!(sandbox.exec(command(&["/bin/true"])).await, Err(SandboxError::Frozen)));
    sandbox.bind(code.path(), Path::new("/var/task")).await.unwrap();

    sandbox.thaw().await.unwrap();
    until("it spins again", || usec(&sandbox) > at_freeze + 20_000).await;
    sandbox.freeze().await.unwrap();
    sandbox.destroy().await.unwrap();
    assert_eq!(process.wait().await.status, ExitStatus::Signal(9));
    assert!(world.groups().is_empty());
}

#[tokio::test]
async fn nothing_stays_of_a_destroyed_sandbox() {
    let Some(world) = world() else { return };
    let mut sandbox = world.sandbox().await;
    let uid = sandbox.uid();
    let init = format!("/proc/{}", sandbox.pid());
    let script = "(setsid sleep 1000 &); (sleep 1000 &); cd /tmp; echo x > x; exec 3< x; sleep 1000";
    let mut process = sandbox.exec(command(&["/bin/sh", "-c", script])).await.unwrap();
    until("the children run", || processes_of(uid) >= 3).await;
    assert!(Path::new(&init).exists());
    assert_eq!(images_in_use(world.state.path()), 1);
    assert!(!world.groups().is_empty());

    sandbox.destroy().await.unwrap();
    assert_eq!(process.wait().await.status, ExitStatus::Signal(9));
    assert_eq!(processes_of(uid), 0);
    assert!(!Path::new(&init).exists());
    assert_eq!(world.groups(), Vec::<std::path::PathBuf>::new());
    assert_eq!(mounts_in(world.state.path()), 0);
    until("the image is let go", || images_in_use(world.state.path()) == 0).await;
    assert!(fs::read_dir(world.state.path().join("root")).unwrap().next().is_none());
}

#[tokio::test]
async fn a_dropped_sandbox_goes_by_itself_and_a_dropped_host_leaves_nothing() {
    let Some(world) = world() else { return };
    let mut sandbox = world.sandbox().await;
    let uid = sandbox.uid();
    let _process = sandbox.exec(command(&["/bin/sleep", "1000"])).await.unwrap();
    let owner_groups = fs::read_to_string(world.state.path().join("cgroups")).unwrap();
    drop(sandbox);
    until("the sandbox is gone", || processes_of(uid) == 0 && world.groups().is_empty()).await;
    drop(world.host);
    until("the owner's groups are gone", || owner_groups.lines().all(|group| !Path::new(group).exists()))
        .await;
}

#[tokio::test]
async fn an_init_killed_from_outside_is_noticed() {
    let Some(world) = world() else { return };
    let mut sandbox = world.sandbox().await;
    let mut process = sandbox.exec(command(&["/bin/sleep", "1000"])).await.unwrap();
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(sandbox.pid()), nix::sys::signal::Signal::SIGKILL)
        .unwrap();
    sandbox.gone().await;
    assert_eq!(process.wait().await.status, ExitStatus::Signal(9));
    assert!(matches!(sandbox.exec(command(&["/bin/true"])).await, Err(SandboxError::Gone(_))));
    sandbox.destroy().await.unwrap();
    assert!(world.groups().is_empty());
}

#[tokio::test]
async fn what_cannot_be_made_leaves_nothing() {
    let Some(world) = world() else { return };
    let root = RootSpec {
        host_os: true,
        binds: vec![Bind { source: "/no/such/place".into(), target: "/var/task".into() }],
        ..RootSpec::default()
    };
    let error = Sandbox::create(&world.host, Spec { root, ..spec() }).await.err().unwrap();
    assert!(
        matches!(&error, SandboxError::Bind { path, .. } if path == Path::new("/no/such/place")),
        "{error}"
    );
    let sandbox = world.sandbox_of(Spec { id: "same".into(), ..spec() }).await;
    let error = Sandbox::create(&world.host, Spec { id: "same".into(), ..spec() }).await.err().unwrap();
    assert!(matches!(error, SandboxError::Invalid(_)), "{error}");
    sandbox.destroy().await.unwrap();
    assert!(world.groups().is_empty());
    until("the image is let go", || images_in_use(world.state.path()) == 0).await;
}

#[tokio::test]
async fn many_at_once() {
    let Some(world) = world() else { return };
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let host = world.host.clone();
        tasks.spawn(async move {
            let mut sandbox = Sandbox::create(&host, spec()).await.unwrap();
            assert_eq!(shell(&mut sandbox, "echo ok").await, "ok\n");
            sandbox.destroy().await.unwrap();
        });
    }
    while let Some(result) = tasks.join_next().await {
        result.unwrap();
    }
    assert!(world.groups().is_empty());
}

#[tokio::test]
async fn the_host_connects_to_what_listens_inside() {
    let Some(world) = world() else { return };
    let mut sandbox = world.sandbox().await;
    let script = "\
import socket
listener = socket.create_server(('127.0.0.1', 8080))
print('listening', flush=True)
connection, _ = listener.accept()
connection.sendall(connection.recv(100).upper())
";
    let mut process = sandbox.exec(command(&[python(), "-c", script])).await.unwrap();
    let mut told = [0; 10];
    tokio::io::AsyncReadExt::read_exact(process.stdout.as_mut().unwrap(), &mut told).await.unwrap();
    let sockets = sandbox.sockets();
    let connect = async |port: u16| {
        let socket = tokio::net::TcpSocket::from_std_stream(sockets.tcp().await.unwrap());
        socket.connect(([127, 0, 0, 1], port).into()).await
    };
    assert_eq!(connect(8081).await.unwrap_err().kind(), std::io::ErrorKind::ConnectionRefused);
    let mut stream = connect(8080).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stream, b"hello").await.unwrap();
    let mut answer = String::new();
    tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut answer).await.unwrap();
    assert_eq!(answer, "HELLO");
    process.wait().await;
    sandbox.destroy().await.unwrap();
    assert!(matches!(sockets.tcp().await, Err(SandboxError::Gone(_))));
}

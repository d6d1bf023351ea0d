use crate::world::{command, output, python, run, shell, spec, until, world};
use sandbox::{CpuSpec, ExitStatus, SandboxError, Spec};
use std::io::ErrorKind;

#[tokio::test]
async fn too_much_memory_is_death_and_told_so() {
    let Some(world) = world() else { return };
    let mut sandbox = world.sandbox_of(Spec { memory_bytes: 64 << 20, ..spec() }).await;
    let hungry = "x = []\nwhile True: x.append(bytearray(1 << 20))";
    let ended = run(&mut sandbox, &[python(), "-c", hungry]).await;
    assert_eq!((ended.exit.status, ended.exit.oom_killed), (ExitStatus::Signal(9), true));
    assert_eq!(sandbox.stats().oom_kills, Some(1));
    assert!(sandbox.stats().memory_peak_bytes.unwrap() <= 64 << 20);
    // It is the process that dies, not the sandbox.
    let ended = run(&mut sandbox, &["/bin/echo", "alive"]).await;
    assert_eq!((ended.stdout.as_str(), ended.exit.oom_killed), ("alive\n", false));
}

#[tokio::test]
async fn a_child_that_eats_memory_is_told_too() {
    let Some(world) = world() else { return };
    let mut sandbox = world.sandbox_of(Spec { memory_bytes: 64 << 20, ..spec() }).await;
    let script = format!("{} -c 'x = bytearray(1 << 30)'; exit 3", python());
    let ended = run(&mut sandbox, &["/bin/sh", "-c", &script]).await;
    // Where the kernel ends the whole group (cgroup v2) the parent is gone as well.
    assert!(matches!(ended.exit.status, ExitStatus::Code(3) | ExitStatus::Signal(9)), "{ended:?}");
    assert!(ended.exit.oom_killed);
}

#[tokio::test]
async fn shared_memory_counts_as_memory() {
    let Some(world) = world() else { return };
    let mut sandbox = world.sandbox_of(Spec { memory_bytes: 64 << 20, ..spec() }).await;
    let ended = run(&mut sandbox, &["/bin/sh", "-c", "head -c 100000000 /dev/zero > /dev/shm/x"]).await;
    assert!(ended.stderr.contains("No space left on device"), "{ended:?}");
}

#[tokio::test]
async fn a_full_tmp_is_an_error_and_not_memory() {
    let Some(world) = world() else { return };
    let mut sandbox = world.sandbox_of(Spec { tmp_bytes: 200 << 20, memory_bytes: 64 << 20, ..spec() }).await;
    let within = "head -c 200M /dev/zero > /tmp/fits && stat -c %s /tmp/fits";
    assert_eq!(shell(&mut sandbox, within).await.trim(), (200 << 20).to_string());
    let ended = run(&mut sandbox, &["/bin/sh", "-c", "head -c 50M /dev/zero > /tmp/more"]).await;
    assert!(ended.stderr.contains("No space left on device"), "{ended:?}");
    assert!(!ended.exit.oom_killed);
    assert_eq!(sandbox.stats().oom_kills, Some(0));
    shell(&mut sandbox, "rm /tmp/*; echo again > /tmp/x").await;
}

#[tokio::test]
async fn a_fork_bomb_fills_only_its_own_sandbox() {
    let Some(world) = world() else { return };
    let mut sandbox = world.sandbox_of(Spec { pids_max: 40, ..spec() }).await;
    let bomb = "import os\nwhile True:\n  try: os.fork()\n  except OSError: pass\n";
    let mut process = sandbox.exec(command(&[python(), "-c", bomb])).await.unwrap();
    until("the bomb fills the sandbox", || sandbox.stats().pids == Some(40)).await;
    sandbox.kill_all().await.unwrap();
    assert_eq!(process.wait().await.status, ExitStatus::Signal(9));
    // Only what waits to become the next program.
    assert_eq!(sandbox.stats().pids, Some(1));
    assert_eq!(shell(&mut sandbox, "echo alive").await, "alive\n");
}

#[tokio::test]
async fn descriptors_run_out_at_the_limit() {
    let Some(world) = world() else { return };
    let mut sandbox = world.sandbox_of(Spec { nofile: 64, ..spec() }).await;
    let script = "import errno\nfiles = []\n\
        try:\n  while True: files.append(open('/dev/null'))\n\
        except OSError as e: print(e.errno == errno.EMFILE, len(files) + 3)\n";
    assert_eq!(output(&mut sandbox, &[python(), "-c", script]).await, "True 64\n");
    assert_eq!(shell(&mut sandbox, "ulimit -Hn").await, "64\n");
}

#[tokio::test]
async fn cpu_follows_memory_and_a_quota_holds() {
    let Some(world) = world() else { return };
    let cpu = CpuSpec { quota_millis: Some(100), weight_millis: None };
    let mut sandbox = world.sandbox_of(Spec { memory_bytes: 1769 << 20, cpu, ..spec() }).await;
    let script = "import time\nstart = time.monotonic()\n\
        while time.process_time() < 0.05: pass\nprint(time.monotonic() - start > 0.3)\n";
    // 50 ms of a tenth of a CPU is half a second, less the first period's 10 ms and rounding.
    assert_eq!(output(&mut sandbox, &[python(), "-c", script]).await, "True\n");
    assert!(sandbox.stats().cpu_usec.unwrap() > 50_000);
    let seen =
        shell(&mut sandbox, "cat /sys/fs/cgroup/cpu/cpu.shares /sys/fs/cgroup/cpu.weight 2>/dev/null; true")
            .await;
    assert!(["1024\n", "39\n"].contains(&seen.as_str()), "{seen}");
}

#[tokio::test]
async fn limits_change_while_it_runs() {
    let Some(world) = world() else { return };
    let cpu = CpuSpec { quota_millis: Some(500), weight_millis: Some(10) };
    let mut sandbox = world.sandbox_of(Spec { memory_bytes: 128 << 20, cpu, ..spec() }).await;
    let limits = "cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes cpu/cpu.shares cpu/cpu.cfs_quota_us \
        memory.max cpu.weight cpu.max 2>/dev/null | tr '\\n' ' '";
    let seen = shell(&mut sandbox, limits).await;
    assert!(["134217728 10 50000 ", "134217728 1 50000 100000 "].contains(&seen.as_str()), "{seen}");

    sandbox.set_limits(512 << 20, &CpuSpec::default()).unwrap();
    let seen = shell(&mut sandbox, limits).await;
    assert!(["536870912 296 -1 ", "536870912 12 max 100000 "].contains(&seen.as_str()), "{seen}");
    assert!(run(&mut sandbox, &[python(), "-c", "x = bytearray(200 << 20)"]).await.exit.status.success());

    sandbox.set_limits(64 << 20, &CpuSpec::default()).unwrap();
    let ended = run(&mut sandbox, &[python(), "-c", "x = bytearray(100 << 20)"]).await;
    assert!(ended.exit.oom_killed, "{ended:?}");

    sandbox.set_limits(256 << 20, &CpuSpec::default()).unwrap();
    let hold = "x = bytearray(100 << 20)\nprint('holds', flush=True)\nimport time\ntime.sleep(1000)";
    let mut process = sandbox.exec(command(&[python(), "-c", hold])).await.unwrap();
    until("it holds its memory", || sandbox.stats().memory_now_bytes > Some(100 << 20)).await;
    let refused = sandbox.set_limits(32 << 20, &CpuSpec::default()).unwrap_err();
    assert!(
        matches!(&refused, SandboxError::Host { source, .. } if source.kind() == ErrorKind::ResourceBusy)
    );
    assert!(matches!(sandbox.set_limits(1, &CpuSpec::default()), Err(SandboxError::Invalid(_))));
    sandbox.kill_all().await.unwrap();
    assert!(!process.wait().await.oom_killed);
}

#[tokio::test]
async fn the_memory_peak_can_be_started_anew() {
    let Some(world) = world() else { return };
    let mut sandbox = world.sandbox().await;
    output(&mut sandbox, &[python(), "-c", "x = bytearray(100 << 20)"]).await;
    assert!(sandbox.stats().memory_peak_bytes.unwrap() > 100 << 20);
    if sandbox.reset_memory_peak().is_ok() {
        assert!(sandbox.stats().memory_peak_bytes.unwrap() < 100 << 20);
    }
}

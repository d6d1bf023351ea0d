//! The server dies at once, by SIGKILL: nothing sandboxed may survive it.

use crate::world::{detect, groups, images_in_use, mounts_in, owner, processes, until, world};
use sandbox::SweepReport;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A server with one sandbox in which a process spins, one sleeps, and one has left its session.
fn server(state: &std::path::Path, frozen: bool) -> Child {
    let script = "(setsid sleep 7001 &); (sleep 7001 &); echo x > /tmp/x; while :; do :; done";
    let mut command = Command::new(env!("CARGO_BIN_EXE_sandbox-probe"));
    command.arg("hold").arg(state).args(["/bin/sh", "-c", script]).stdout(Stdio::piped());
    if frozen {
        command.env("FREEZE", "1");
    }
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    child
}

async fn dies_without_trace(frozen: bool) {
    let Some(world) = world() else { return };
    let state = tempfile::tempdir().unwrap();
    let mut server = server(state.path(), frozen);
    let inside: Vec<i32> = groups(state.path())
        .iter()
        .flat_map(|group| {
            let pids = std::fs::read_to_string(group.join("cgroup.procs")).unwrap();
            pids.lines().map(|line| line.parse().unwrap()).collect::<Vec<i32>>()
        })
        .collect();
    assert!(!inside.is_empty());
    let child_of_server = format!("PPid:\t{}\n", server.id());
    assert_eq!(processes(|status| status.contains(&child_of_server)), 1, "one init");

    server.kill().unwrap();
    server.wait().unwrap();
    until("every sandboxed process is gone", || {
        inside.iter().all(|pid| !std::path::Path::new(&format!("/proc/{pid}")).exists())
    })
    .await;
    until("the image is let go", || images_in_use(state.path()) == 0).await;
    assert_eq!(mounts_in(state.path()), 0);
    let name = format!("zerun-{}", owner(state.path()));
    until("no process is left in any of its groups", || processes_in(&name) == 0).await;

    // What the kernel cannot remove by itself, the next start does.
    assert!(!groups(state.path()).is_empty());
    let next = detect(state.path());
    // Processes are not compared: one on its last way out is still counted.
    assert_eq!(next.sweep().unwrap().sandboxes, groups_of_one_sandbox(&world));
    assert_eq!(groups(state.path()).len(), 0);
    assert_eq!(next.sweep().unwrap().sandboxes, 0);
}

/// Processes in a cgroup whose path contains `name`.
fn processes_in(name: &str) -> usize {
    let entries = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let cgroups = entries.filter_map(|entry| std::fs::read_to_string(entry.path().join("cgroup")).ok());
    cgroups.filter(|text| text.contains(name)).count()
}

/// cgroup v1 has one group per hierarchy.
fn groups_of_one_sandbox(world: &crate::world::World) -> usize {
    std::fs::read_to_string(world.state.path().join("cgroups")).unwrap().lines().count()
}

#[tokio::test]
async fn a_killed_server_takes_its_sandboxes_along() {
    dies_without_trace(false).await;
}

#[tokio::test]
async fn a_killed_server_takes_even_frozen_sandboxes_along() {
    dies_without_trace(true).await;
}

/// Killed while it makes, uses and removes sandboxes, at twenty different moments.
#[tokio::test]
async fn a_server_killed_at_any_moment_leaves_only_what_a_sweep_removes() {
    let Some(_) = world() else { return };
    let state = tempfile::tempdir().unwrap();
    let clock = clock::Clock::real();
    for round in 0..20 {
        let mut busy = Command::new(env!("CARGO_BIN_EXE_sandbox-probe"));
        let mut busy = busy.arg("bench").arg(state.path()).stdout(Stdio::null()).spawn().unwrap();
        clock.sleep(Duration::from_micros(3000 + 1700 * round)).await;
        busy.kill().unwrap();
        busy.wait().unwrap();
    }
    let name = format!("zerun-{}", owner(state.path()));
    until("no process is left", || processes_in(&name) == 0).await;
    let next = detect(state.path());
    next.sweep().unwrap();
    assert_eq!(groups(state.path()).len(), 0);
    until("the images are let go", || images_in_use(state.path()) == 0).await;
    let left =
        std::fs::read_dir(state.path().join("tmp-images")).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(left.into_iter().all(|name| name == "536870912.ext4"));
    assert_eq!(std::fs::read_dir(state.path().join("root")).unwrap().count(), 0);
}

#[tokio::test]
async fn a_sweep_spares_the_living() {
    let Some(world) = world() else { return };
    let mut sandbox = world.sandbox().await;
    assert_eq!(world.host.sweep().unwrap(), SweepReport::default());
    assert_eq!(crate::world::shell(&mut sandbox, "echo alive").await, "alive\n");
}

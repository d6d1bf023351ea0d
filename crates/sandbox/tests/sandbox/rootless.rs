//! A server without root: fewer layers, and it says so.

use sandbox::{IsolationReport, Layer, LayerState};
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const NOBODY: u32 = 65534;

struct Nobody {
    _directory: tempfile::TempDir,
    probe: PathBuf,
    state: PathBuf,
}

impl Nobody {
    /// Only root can become somebody else.
    fn new() -> Option<Nobody> {
        if !nix::unistd::geteuid().is_root() {
            eprintln!("not tested: not root");
            return None;
        }
        let directory = tempfile::tempdir().unwrap();
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
        // Where the build leaves it, nobody may not look. By another process: a program cannot be run
        // while a child that another test just forked still holds it open for writing.
        let probe = directory.path().join("probe");
        let copied =
            Command::new("cp").arg(env!("CARGO_BIN_EXE_sandbox-probe")).arg(&probe).status().unwrap();
        assert!(copied.success());
        let state = directory.path().join("state");
        fs::create_dir(&state).unwrap();
        chown(&state, Some(NOBODY), Some(NOBODY)).unwrap();
        Some(Nobody { _directory: directory, probe, state })
    }

    fn run(&self, may_lack: bool, words: &[&str]) -> Output {
        let mut command = Command::new(&self.probe);
        command.arg(words[0]).arg(&self.state).args(&words[1..]).uid(NOBODY).gid(NOBODY).current_dir("/");
        if may_lack {
            command.env("MAY_LACK", "1");
        }
        command.output().unwrap()
    }

    fn report(&self) -> IsolationReport {
        serde_json::from_slice(&self.run(false, &["report"]).stdout).unwrap()
    }
}

fn state_of(report: &IsolationReport, layer: Layer) -> LayerState {
    report.layers.iter().find(|report| report.layer == layer).unwrap().state
}

#[test]
fn lacks_what_it_lacks_and_says_so() {
    let Some(nobody) = Nobody::new() else { return };
    let report = nobody.report();
    assert!(!report.privileged);
    assert_eq!(report.layers.iter().map(|report| report.layer).collect::<Vec<_>>(), Layer::ALL);
    for layer in [Layer::OwnUid, Layer::TmpOnDisk, Layer::LateBind] {
        assert_eq!(state_of(&report, layer), LayerState::Missing, "{layer}");
    }
    assert!(report.missing().all(|report| !report.detail.is_empty()));
    if state_of(&report, Layer::Namespaces) == LayerState::Enforced && Path::new("/dev/net/tun").exists() {
        assert_eq!(state_of(&report, Layer::Egress), LayerState::Enforced, "{report:?}");
    }

    // Nothing is silently lower than asked.
    let refused = nobody.run(false, &["run", "/bin/true"]);
    assert!(!refused.status.success());
    let words = String::from_utf8(refused.stderr).unwrap();
    assert!(words.contains("cannot be had on this host"), "{words}");
}

#[test]
fn still_encloses_when_it_may_lack_the_rest() {
    let Some(nobody) = Nobody::new() else { return };
    if state_of(&nobody.report(), Layer::Namespaces) == LayerState::Missing {
        eprintln!("not tested: this host gives ordinary users no namespaces");
        return;
    }
    let script = "grep -E 'CapEff|CapBnd|NoNewPrivs|Seccomp:' /proc/self/status; ls / | tr '\\n' ' '; \
        touch /usr/x /x 2>/dev/null || echo read-only; kill -9 1 2>/dev/null; kill -15 1 2>/dev/null; \
        unshare -U true 2>/dev/null || echo no namespaces; echo kept > /tmp/x && cat /tmp/x";
    let ended = nobody.run(true, &["run", "/bin/sh", "-c", script]);
    let words = String::from_utf8(ended.stdout).unwrap();
    for fact in [
        "CapEff:\t0000000000000000",
        "CapBnd:\t0000000000000000",
        "NoNewPrivs:\t1",
        "Seccomp:\t2",
        "read-only",
        "no namespaces",
        "kept",
        "Code(0)",
    ] {
        assert!(words.contains(fact), "{fact}: {words}");
    }
    assert!(!words.contains("home") && !words.contains("root "), "{words}");
}

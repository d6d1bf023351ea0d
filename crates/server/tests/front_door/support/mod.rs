//! A real server on a directory of its own, and a client that sends exactly what a test says.

mod client;
mod signer;

pub use client::{send, send_bytes};
pub use signer::{Keys, Request};

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;
use tempfile::TempDir;

const START_MAX: Duration = Duration::from_secs(30);

const STOP_MAX: Duration = Duration::from_secs(30);

/// Ended when dropped.
pub struct Server {
    directory: TempDir,
    child: Option<Child>,
    /// `http://127.0.0.1:PORT`
    pub endpoint: String,
    /// What followed the first line of standard output, once the process ended.
    rest: mpsc::Receiver<String>,
}

impl Server {
    pub fn start() -> Server {
        Server::start_with("serve", &[])
    }

    pub fn start_with(command: &str, options: &[&str]) -> Server {
        let directory = tempfile::tempdir().unwrap();
        Server::start_on(directory, command, options)
    }

    /// Starts on a directory that an earlier server had.
    pub fn start_on(directory: TempDir, command: &str, options: &[&str]) -> Server {
        let log = std::fs::File::create(directory.path().join("log")).unwrap();
        let mut child = zerun(directory.path())
            .args([command, "--listen", "127.0.0.1:0"])
            .args(options)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let stdout = child.stdout.take().unwrap();
        let (first, endpoint) = mpsc::channel();
        let (last, rest) = mpsc::channel();
        std::thread::spawn(move || {
            let mut lines = BufReader::new(stdout);
            let mut line = String::new();
            lines.read_line(&mut line).unwrap();
            first.send(line.trim_end().to_owned()).ok();
            let mut text = String::new();
            lines.read_to_string(&mut text).unwrap();
            last.send(text).ok();
        });
        let endpoint = endpoint.recv_timeout(START_MAX).unwrap();
        if !endpoint.starts_with("http://127.0.0.1:") {
            let log = std::fs::read_to_string(directory.path().join("log")).unwrap();
            panic!("the server said {endpoint:?} and logged:\n{log}");
        }
        Server { directory, child: Some(child), endpoint, rest }
    }

    pub fn data(&self) -> &Path {
        self.directory.path()
    }

    /// `127.0.0.1:PORT`
    pub fn address(&self) -> &str {
        self.endpoint.strip_prefix("http://").unwrap()
    }

    pub fn pid(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// The root key pair, as first start wrote it.
    pub fn keys(&self) -> Keys {
        let file = std::fs::read_to_string(self.data().join("credentials")).unwrap();
        let value = |name: &str| {
            let line = file.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_once('=').unwrap().1.trim().to_owned()
        };
        Keys::new(&value("aws_access_key_id"), &value("aws_secret_access_key"))
    }

    pub fn signal(&self, signal: nix::sys::signal::Signal) {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.pid()).unwrap());
        nix::sys::signal::kill(pid, signal).unwrap();
    }

    /// Waits for the end of a process that was told to end; gives its directory, status and what it
    /// printed after the first line.
    pub fn wait(mut self) -> (TempDir, ExitStatus, String) {
        let mut child = self.child.take().unwrap();
        let status = child.wait().unwrap();
        let rest = self.rest.recv_timeout(START_MAX).unwrap();
        let directory = std::mem::replace(&mut self.directory, tempfile::tempdir().unwrap());
        (directory, status, rest)
    }

    pub fn stop(self) -> (TempDir, ExitStatus, String) {
        self.signal(nix::sys::signal::Signal::SIGTERM);
        self.wait()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // In order, so that nothing of it is left on the machine: its output ends when it does.
            let pid = nix::unistd::Pid::from_raw(child.id().cast_signed());
            nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).ok();
            self.rest.recv_timeout(STOP_MAX).ok();
            child.kill().ok();
            child.wait().ok();
        }
    }
}

/// The binary with a data directory and none of the caller's settings.
pub fn zerun(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_zerun"));
    for (name, _) in std::env::vars() {
        if name.starts_with("ZERUN_") || name.starts_with("AWS_") {
            command.env_remove(name);
        }
    }
    command.env("ZERUN_DATA", data).stdin(Stdio::null());
    command
}

//! Time from exec to the first served request, and the memory of a server that idles.

use std::{fs, process::Command};

use crate::{
    Context, Result,
    client::Connection,
    fixture::Server,
    invoke::BARE_SERVER,
    sample::Sample,
    table::{mib, ms, print, ratio, ratio_of},
};

const ROUNDS: usize = 20;

/// # Errors
/// A server that does not start or answer.
pub fn run(context: &Context) -> Result<()> {
    let data = context.disk.join("start");
    let zerun = || {
        let mut command = Command::new(&context.zerun);
        command.arg("serve").arg("--data").arg(&data).args(["--listen", "127.0.0.1:0"]);
        command.stderr(std::process::Stdio::null());
        command
    };
    let (first, _) = served(context, &mut zerun(), "/_zerun/health")?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let (mut our_memory, mut their_memory) = (0, 0);
    for _ in 0..ROUNDS {
        let (time, server) = served(context, &mut zerun(), "/_zerun/health")?;
        ours.push(time);
        our_memory = memory(server.pid())?;
        drop(server);
        let (time, server) = served(context, Command::new("node").args(["-e", BARE_SERVER]), "/")?;
        theirs.push(time);
        their_memory = memory(server.pid())?;
    }
    let (ours, theirs) = (Sample::new(ours)?, Sample::new(theirs)?);
    print(
        &format!("exec to first served request, and idle memory ({ROUNDS} starts)"),
        &["", "zerun", "bare node http server", "ratio"],
        &[
            vec![
                "median".into(),
                ms(ours.median()),
                ms(theirs.median()),
                ratio_of(ours.median(), theirs.median()),
            ],
            vec!["p99".into(), ms(ours.p99()), ms(theirs.p99()), ratio_of(ours.p99(), theirs.p99())],
            vec!["first start (makes keys, store)".into(), ms(first), String::new(), String::new()],
            vec![
                "idle memory (PSS)".into(),
                mib(our_memory),
                mib(their_memory),
                ratio(our_memory as f64, their_memory as f64),
            ],
        ],
        &[],
    )
}

fn served(context: &Context, command: &mut Command, path: &str) -> Result<(std::time::Duration, Server)> {
    let begun = context.clock.moment();
    let server = Server::start(command)?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", server.address);
    Connection::open(&server.address)?.send(request.as_bytes(), &mut Vec::new())?;
    Ok((context.clock.since(begun), server))
}

/// Proportional set size, in bytes: shared pages count by share.
pub fn memory(pid: u32) -> Result<u64> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:")).ok_or("no Pss in smaps_rollup")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
}

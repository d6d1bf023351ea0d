//! Thousands of cold starts through the front door, and what the machine has more of afterwards.

use std::{
    collections::HashSet,
    fs,
    os::linux::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use crate::{
    Context, Result,
    fixture::{Function, Zerun, node_runtime, python_runtime},
    start::memory,
    table::{mib, print},
};

/// Side by side.
const CLIENTS: usize = 3;
/// Before the first count: what is made once is there by then.
const FIRST: usize = 100;
/// Of each 20 starts so many are of Python and of Node; the others bring their own bootstrap.
const PYTHON: usize = 3;
const NODE: usize = 1;
/// Between looks whether everything has ended that is to end, and how many of them must agree.
const LOOK: Duration = Duration::from_millis(500);
const LOOKS: usize = 4;
const LOOKS_MAX: usize = 60;

/// Each invocation follows an update of its function, so that no earlier instance serves it.
///
/// # Errors
/// Any request that fails.
pub fn run(context: &Context) -> Result<()> {
    let zerun = Zerun::start(context, &context.disk.join("leak"))?;
    let names = functions(&zerun)?;
    let mut rows = Vec::new();
    let (mut done, step) = (0, (context.starts / 20).max(1));
    while done < FIRST + context.starts {
        let until = if done == 0 { FIRST } else { (done + step).min(FIRST + context.starts) };
        starts(&zerun, &names, done..until)?;
        done = until;
        let count = settled(zerun.server.pid())?;
        let mut row = vec![(done - FIRST).to_string()];
        row.extend(count.iter().map(u64::to_string));
        row.push(mib(memory(zerun.server.pid())?));
        eprintln!("{row:?}");
        rows.push(row);
    }
    let head: Vec<&str> =
        ["cold starts"].into_iter().chain(COUNTED).chain(["server's memory (PSS)"]).collect();
    print(
        &format!("what is there after so many cold starts ({FIRST} before the first line)"),
        &head,
        &rows,
        &["processes and descriptors: of the server; the others: of the whole machine, with its noise"],
    )
}

/// Name of each client's function of each kind: bootstrap, Python, Node.
fn functions(zerun: &Zerun) -> Result<Vec<[String; 3]>> {
    let bootstrap = fs::read(std::env::current_exe()?.with_file_name("bootstrap"))?;
    let kinds = [
        Function::of("provided.al2023", "bootstrap", &bootstrap),
        Function::of(&python_runtime()?, "index.py", b"def handler(event, context):\n    return event\n"),
        Function::of(&node_runtime()?, "index.js", b"exports.handler = async (event) => event;"),
    ];
    let of_client = |client: usize| {
        let names = ["bootstrap", "python", "node"].map(|kind| format!("leak-{kind}-{client}"));
        names.iter().zip(&kinds).try_for_each(|(name, kind)| zerun.create(name, kind))?;
        Ok(names)
    };
    (0..CLIENTS).map(of_client).collect()
}

fn starts(zerun: &Zerun, names: &[[String; 3]], numbers: std::ops::Range<usize>) -> Result<()> {
    let next = AtomicUsize::new(numbers.start);
    let (next, end) = (&next, numbers.end);
    std::thread::scope(|scope| {
        let threads: Vec<_> = names
            .iter()
            .map(|names| {
                scope.spawn(move || -> std::result::Result<(), String> {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= end {
                            return Ok(());
                        }
                        start(zerun, names, number).map_err(|error| error.to_string())?;
                    }
                })
            })
            .collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().unwrap_or_else(|_| Err("a client panicked".into())))
    })?;
    Ok(())
}

fn start(zerun: &Zerun, names: &[String; 3], number: usize) -> Result<()> {
    let [bootstrap, python, node] = names;
    let name = match number % 20 {
        turn if turn < NODE => node,
        turn if turn < NODE + PYTHON => python,
        _ => bootstrap,
    };
    let mut connection = zerun.connect()?;
    let mut answer = Vec::new();
    let changed = serde_json::json!({ "Environment": { "Variables": { "NUMBER": number.to_string() } } });
    let path = format!("/2015-03-31/functions/{name}/configuration");
    connection.send(&zerun.request("lambda", "PUT", &path, changed.to_string().as_bytes()), &mut answer)?;
    connection.send(&zerun.invocation(name, b"{}"), &mut answer)
}

const COUNTED: [&str; 8] = [
    "processes",
    "threads",
    "descriptors",
    "mounts",
    "cgroups",
    "network namespaces",
    "loop devices",
    "files",
];

/// The lowest of what several looks found, once they agree on the processes: some sandboxes in stock are always
/// on their way in or out.
fn settled(server: u32) -> Result<[u64; COUNTED.len()]> {
    let mut looks: Vec<[u64; COUNTED.len()]> = Vec::new();
    for _ in 0..LOOKS_MAX {
        pause();
        looks.push(count(server)?);
        let last = looks.get(looks.len().saturating_sub(LOOKS)..).unwrap_or_default();
        if looks.len() >= LOOKS && last.iter().all(|look| look[0] == last[0][0]) {
            break;
        }
    }
    looks.pop().ok_or_else(|| "nothing was counted".into())
}

#[expect(clippy::disallowed_methods, reason = "lets the server come to rest between two looks")]
fn pause() {
    std::thread::sleep(LOOK);
}

fn count(server: u32) -> Result<[u64; COUNTED.len()]> {
    let own = PathBuf::from(format!("/proc/{server}"));
    let entries = |path: &Path| Ok::<_, std::io::Error>(fs::read_dir(path)?.count() as u64);
    let (processes, namespaces) = processes(server)?;
    let loops = fs::read_dir("/sys/block")?.flatten().filter(|entry| entry.path().join("loop").exists());
    Ok([
        processes,
        entries(&own.join("task"))?,
        entries(&own.join("fd"))?,
        fs::read_to_string(own.join("mountinfo"))?.lines().count() as u64,
        directories(Path::new("/sys/fs/cgroup"), 0),
        namespaces,
        loops.count() as u64,
        open_files()?,
    ])
}

/// Descendants of the server, and network namespaces that any process of the machine is in.
fn processes(server: u32) -> Result<(u64, u64)> {
    let (mut parents, mut namespaces) = (Vec::new(), HashSet::new());
    for entry in fs::read_dir("/proc")?.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        // What has ended meanwhile is not counted.
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        let parent = stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1)?.parse::<u32>().ok());
        parents.extend(parent.map(|parent| (pid, parent)));
        namespaces.extend(fs::metadata(entry.path().join("ns/net")).map(|namespace| namespace.st_ino()));
    }
    let mut family = HashSet::from([server]);
    loop {
        let more: Vec<u32> = parents
            .iter()
            .filter(|(pid, parent)| family.contains(parent) && !family.contains(pid))
            .map(|(pid, _)| *pid)
            .collect();
        if more.is_empty() {
            return Ok((family.len() as u64 - 1, namespaces.len() as u64));
        }
        family.extend(more);
    }
}

/// No group of ours lies deeper.
const DEPTH_MAX: usize = 8;

fn directories(path: &Path, depth: usize) -> u64 {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let below = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    below.map(|entry| if depth < DEPTH_MAX { 1 + directories(&entry.path(), depth + 1) } else { 1 }).sum()
}

/// Of the whole machine, as the kernel counts them.
fn open_files() -> Result<u64> {
    let counts = fs::read_to_string("/proc/sys/fs/file-nr")?;
    Ok(counts.split_whitespace().next().ok_or("an empty file-nr")?.parse()?)
}

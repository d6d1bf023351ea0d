//! Many at once, many that wait, and many that are only registered.

use std::{
    path::Path,
    process::{Command, Stdio},
    sync::Barrier,
    time::Duration,
};

use crate::{
    Context, Result,
    cold::{interpreter, settle},
    fixture::{Function, Zerun, node_runtime, python_runtime},
    sample::{Sample, Throughput, clients},
    start::memory,
    table::{mib, ms, per_second, print, ratio, ratio_of},
};

const TOGETHER: usize = 100;
const BURSTS: usize = 5;
const REGISTERED: usize = 100_000;

/// What only this process has, in bytes; works inside a sandbox too.
const OWN_MEMORY: &str = "
def handler(event, context):
    lines = open('/proc/self/smaps_rollup').read().split('\\n')
    sizes = dict((line.split()[0], line.split()[1]) for line in lines[1:] if line)
    return (int(sizes['Private_Clean:']) + int(sizes['Private_Dirty:'])) * 1024
";

/// # Errors
/// Any request that fails: a burst has no errors.
pub fn run(context: &Context) -> Result<()> {
    let zerun = Zerun::start(context, &context.disk.join("scale"))?;
    print(
        "scaling",
        &["", "zerun", "bare", "ratio"],
        &[burst(context, &zerun)?, idle_memory(&zerun)?].concat(),
        &[],
    )
}

/// From nothing to a hundred invocations at once, until the last is answered.
fn burst(context: &Context, zerun: &Zerun) -> Result<Vec<Vec<String>>> {
    let node = interpreter("node")?;
    let script = context.disk.join("hello.js");
    std::fs::write(&script, "console.log(JSON.stringify(JSON.parse('{}')))")?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..BURSTS {
        let name = format!("burst-{round}");
        let handler = b"exports.handler = async (event) => event;";
        zerun.create(&name, &Function::of(&node_runtime()?, "index.js", handler))?;
        let request = zerun.invocation(&name, b"{}");
        ours.push(together(
            context,
            || zerun.connect(),
            |mut connection| connection.send(&request, &mut Vec::new()),
        )?);
        theirs.push(together(
            context,
            || Ok(()),
            |()| {
                let mut command = Command::new(&node);
                let status = command.arg(&script).stdin(Stdio::null()).stdout(Stdio::null()).status()?;
                if status.success() { Ok(()) } else { Err(format!("node: {status}").into()) }
            },
        )?);
    }
    let (ours, theirs) = (Sample::new(ours)?.median(), Sample::new(theirs)?.median());
    let what = format!("{TOGETHER} Node functions at once, until the last answer (median of {BURSTS})");
    Ok(vec![vec![what, ms(ours), ms(theirs), ratio_of(ours, theirs)]])
}

/// How long it takes until all have done `step`, each with what it `prepare`d.
fn together<T>(
    context: &Context,
    prepare: impl Fn() -> Result<T> + Sync,
    step: impl Fn(T) -> Result<()> + Sync,
) -> Result<Duration> {
    let ready = Barrier::new(TOGETHER + 1);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..TOGETHER)
            .map(|_| {
                let (ready, prepare, step) = (&ready, &prepare, &step);
                scope.spawn(move || {
                    let prepared = prepare();
                    ready.wait();
                    prepared.and_then(step).map_err(|error| error.to_string())
                })
            })
            .collect();
        ready.wait();
        let begun = context.clock.moment();
        for thread in threads {
            thread.join().unwrap_or_else(|_| Err("a client panicked".into()))?;
        }
        Ok(context.clock.since(begun))
    })
}

/// A Python instance after some invocations, and a bare process that did the same.
fn idle_memory(zerun: &Zerun) -> Result<Vec<Vec<String>>> {
    let function = Function::of(&python_runtime()?, "index.py", OWN_MEMORY.as_bytes());
    // A server's first one is a process by itself: what later ones are forked from is made beside it.
    zerun.create("first", &function)?;
    zerun.connect()?.send(&zerun.invocation("first", b"{}"), &mut Vec::new())?;
    std::iter::repeat_with(settle).take(8).for_each(drop);
    zerun.create("memory", &function)?;
    let request = zerun.invocation("memory", b"{}");
    let mut connection = zerun.connect()?;
    let mut answer = Vec::new();
    for _ in 0..10 {
        connection.send(&request, &mut answer)?;
    }
    let ours: u64 = String::from_utf8(answer)?.trim().parse()?;
    let bare = format!("import json\n{OWN_MEMORY}\nprint(json.dumps(handler(json.loads('{{}}'), None)))");
    let output = Command::new(interpreter("python3")?).args(["-c", &bare]).output()?;
    let theirs: u64 = String::from_utf8(output.stdout)?.trim().parse()?;
    let what = "memory of its own, warm Python instance".to_owned();
    Ok(vec![vec![what, mib(ours), mib(theirs), ratio(ours as f64, theirs as f64)]])
}

/// What a server is like that was just started with what lies in a directory.
struct Figures {
    start: Duration,
    memory: u64,
    /// A page of 50 functions.
    page: Duration,
    warm: Throughput,
}

impl Figures {
    fn take(context: &Context, data: &Path) -> Result<Figures> {
        let begun = context.clock.moment();
        let zerun = Zerun::start(context, data)?;
        let start = context.clock.since(begun);
        let invocation = zerun.invocation("warm", b"{}");
        let load = || {
            clients(context, 1, |_| {
                let mut connection = zerun.connect()?;
                let mut body = Vec::new();
                let invocation = &invocation;
                Ok(move |_| connection.send(invocation, &mut body))
            })
        };
        load()?;
        let warm = load()?;
        let memory = memory(zerun.server.pid())?;
        let mut connection = zerun.connect()?;
        let list = zerun.request("lambda", "GET", "/2015-03-31/functions/?MaxItems=50", b"");
        let begun = context.clock.moment();
        connection.send(&list, &mut Vec::new())?;
        Ok(Figures { start, memory, page: context.clock.since(begun), warm })
    }
}

/// A server beside a hundred thousand functions that nobody calls, started anew each time.
///
/// # Errors
/// Any request that fails.
pub fn registered(context: &Context) -> Result<()> {
    let data = context.disk.join("registered");
    let function = Function::of(&node_runtime()?, "index.js", b"exports.handler = async (event) => event;");
    Zerun::start(context, &data)?.create("warm", &function)?;
    let one = Figures::take(context, &data)?;
    let (created_in, memory_after_creating) = register_all(context, &data, &function)?;
    let all = Figures::take(context, &data)?;
    let row = |what: &str, one: Duration, all: Duration| {
        vec![what.to_owned(), ms(one), ms(all), ratio_of(all, one)]
    };
    let rate = per_second(REGISTERED as f64 / created_in.as_secs_f64());
    print(
        &format!("{REGISTERED} functions registered, one of them called ({} s each)", context.seconds),
        &["", "one function", "with all", "ratio"],
        &[
            row("warm invoke: median", one.warm.latencies.median(), all.warm.latencies.median()),
            row("warm invoke: p99", one.warm.latencies.p99(), all.warm.latencies.p99()),
            row("exec to the first line", one.start, all.start),
            row("a page of the list", one.page, all.page),
            vec![
                "the server's memory (PSS), started anew".into(),
                mib(one.memory),
                mib(all.memory),
                ratio(all.memory as f64, one.memory as f64),
            ],
        ],
        &[&format!(
            "created at {rate}; just then the server had {}, of which the store's page cache is bounded",
            mib(memory_after_creating)
        )],
    )
}

/// How long it took, and the server's memory then.
fn register_all(context: &Context, data: &Path, function: &Function) -> Result<(Duration, u64)> {
    const CLIENTS: usize = 16;
    let zerun = Zerun::start(context, data)?;
    let begun = context.clock.moment();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let zerun = &zerun;
                scope.spawn(move || -> std::result::Result<(), String> {
                    for number in (client..REGISTERED).step_by(CLIENTS) {
                        zerun.create(&format!("f{number}"), function).map_err(|error| error.to_string())?;
                    }
                    Ok(())
                })
            })
            .collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().unwrap_or_else(|_| Err("a client panicked".into())))
    })?;
    Ok((context.clock.since(begun), memory(zerun.server.pid())?))
}

use crate::counts::{Counts, entries, memory_kib};
use crate::{Outcome, command, host, measure, owner, say, spec};
use clock::Clock;
use sandbox::{Host, Sandbox, SandboxError, Template, TemplateSpec};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Rounds before the first count: allocators and caches settle.
const WARM_UP: usize = 100;
/// Memory that may come and go with what the allocator keeps.
const MEMORY_KIB: u64 = 4096;

/// Makes sandboxes, starts or forks a process in each, and removes them; then nothing may be left.
pub async fn leak(state: &str, count: &str, template: &[&str]) -> Outcome {
    let count: usize = count.parse()?;
    let at_once = std::env::var("AT_ONCE").map_or(Ok(1), |text| text.parse::<usize>())?;
    let host = host(state)?;
    host.sweep()?;
    let template = make(&host, template).await?.map(Arc::new);
    rounds(&host, WARM_UP, at_once, template.as_ref()).await?;
    let before = settled(state).await;
    say(&format!("before {before:?}"))?;
    let spans = rounds(&host, count, at_once, template.as_ref()).await?;
    let after = settled(state).await;
    say(&format!("after  {after:?}"))?;
    measure::tell("round", spans)?;
    judge(&before, &after)
}

/// Forks into one sandbox; then neither it, nor the template, nor we have more than before.
pub async fn forks(state: &str, count: &str, template: &[&str]) -> Outcome {
    let count: usize = count.parse()?;
    let (host, clock) = (host(state)?, Clock::real());
    host.sweep()?;
    let template = make(&host, template).await?.ok_or("forks needs a template")?;
    let mut sandbox = Sandbox::create(&host, spec("one")).await?;
    let pid = template.pid().to_string();
    let of_template = || (entries(&format!("/proc/{pid}/fd")), memory_kib(&pid));
    let mut before = None;
    let mut spans = Vec::new();
    for round in 0..WARM_UP + count {
        if round == WARM_UP {
            before = Some((settled(state).await, of_template()));
            say(&format!("before {before:?}"))?;
            spans.clear();
        }
        let started = clock.moment();
        let mut process = sandbox.fork_from(&template).await?;
        spans.push(clock.since(started));
        drop(process.take_channel());
        if !process.wait().await.status.success() {
            return Err("a forked process failed".into());
        }
    }
    let after = (settled(state).await, of_template());
    say(&format!("after  {after:?}"))?;
    measure::tell("fork", spans)?;
    let (before, (descriptors, kib)) = before.ok_or("no round was counted")?;
    let (after, (descriptors_after, kib_after)) = after;
    if descriptors != descriptors_after || kib_after > kib + MEMORY_KIB {
        return Err("the template has grown".into());
    }
    sandbox.destroy().await?;
    judge(&before, &after)
}

async fn make(host: &Host, program: &[&str]) -> Result<Option<Template>, SandboxError> {
    if program.is_empty() {
        return Ok(None);
    }
    let root = spec("template").root;
    host.template(TemplateSpec { root, command: command(program) }).await.map(Some)
}

async fn rounds(
    host: &Host,
    count: usize,
    at_once: usize,
    template: Option<&Arc<Template>>,
) -> Result<Vec<Duration>, Box<dyn std::error::Error>> {
    let next = Arc::new(AtomicUsize::new(0));
    let mut workers = tokio::task::JoinSet::new();
    for worker in 0..at_once.max(1) {
        let (host, next, template) = (host.clone(), Arc::clone(&next), template.cloned());
        workers.spawn(async move {
            let clock = Clock::real();
            let mut spans = Vec::new();
            while next.fetch_add(1, Ordering::Relaxed) < count {
                let started = clock.moment();
                round(&host, &format!("leak-{worker}"), template.as_deref()).await?;
                spans.push(clock.since(started));
            }
            Ok::<_, SandboxError>(spans)
        });
    }
    let mut spans = Vec::new();
    while let Some(worker) = workers.join_next().await {
        spans.extend(worker??);
    }
    Ok(spans)
}

async fn round(host: &Host, id: &str, template: Option<&Template>) -> Result<(), SandboxError> {
    let mut sandbox = Sandbox::create(host, spec(id)).await?;
    let mut process = match template {
        Some(template) => sandbox.fork_from(template).await?,
        None => sandbox.exec(command(&["/bin/true"])).await?,
    };
    drop(process.take_channel());
    process.wait().await;
    sandbox.destroy().await
}

/// The kernel lets go of some things a moment later: waits until two looks in a row see the same.
async fn settled(state: &str) -> Counts {
    const LOOKS_MAX: usize = 100;
    let clock = Clock::real();
    let mut last = Counts::now(state, &owner(state));
    for _ in 0..LOOKS_MAX {
        clock.sleep(Duration::from_millis(100)).await;
        let counts = Counts::now(state, &owner(state));
        if counts.same_but_memory(&last) {
            return counts;
        }
        last = counts;
    }
    last
}

fn judge(before: &Counts, after: &Counts) -> Outcome {
    if !before.same_but_memory(after) {
        return Err("something is left".into());
    }
    if after.memory_kib > before.memory_kib + MEMORY_KIB {
        return Err("memory has grown".into());
    }
    say("nothing is left")?;
    Ok(ExitCode::SUCCESS)
}

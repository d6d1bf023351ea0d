use crate::{Outcome, command, host, say, spec};
use sandbox::Sandbox;
use std::process::ExitCode;
use std::time::Duration;

/// Milliseconds of each step, the median of many.
pub async fn bench(state: &str) -> Outcome {
    const ROUNDS: usize = 50;
    let host = host(state)?;
    host.sweep()?;
    let clock = clock::Clock::real();
    let mut steps: [Vec<Duration>; 4] = Default::default();
    for round in 0..ROUNDS {
        let started = clock.moment();
        let mut sandbox = Sandbox::create(&host, spec(&format!("bench-{round}"))).await?;
        let created = clock.since(started);
        let mut process = sandbox.exec(command(&["/bin/true"])).await?;
        let executed = clock.since(started);
        process.wait().await;
        let exited = clock.since(started);
        sandbox.destroy().await?;
        let destroyed = clock.since(started);
        let spans = [created, executed - created, exited - executed, destroyed - exited];
        for (step, span) in steps.iter_mut().zip(spans) {
            step.push(span);
        }
    }
    ["create", "exec", "exit", "destroy"]
        .into_iter()
        .zip(steps)
        .try_for_each(|(name, spans)| tell(name, spans))?;
    Ok(ExitCode::SUCCESS)
}

/// All are asked for at the same moment; from then on each span is counted.
pub async fn burst(state: &str, count: &str) -> Outcome {
    let count: usize = count.parse()?;
    let host = host(state)?;
    host.sweep()?;
    let clock = clock::Clock::real();
    // What is made once per host is made before.
    Sandbox::create(&host, spec("first")).await?.destroy().await?;
    let started = clock.moment();
    let mut making = tokio::task::JoinSet::new();
    for index in 0..count {
        let (host, clock) = (host.clone(), clock.clone());
        making.spawn(async move {
            let sandbox = Sandbox::create(&host, spec(&format!("burst-{index}"))).await;
            (sandbox, clock.since(started))
        });
    }
    let (mut sandboxes, mut spans) = (Vec::new(), Vec::new());
    while let Some(made) = making.join_next().await {
        let (sandbox, span) = made?;
        sandboxes.push(sandbox?);
        spans.push(span);
    }
    tell("created", spans)?;
    let started = clock.moment();
    let mut removing = tokio::task::JoinSet::new();
    for sandbox in sandboxes {
        removing.spawn(sandbox.destroy());
    }
    while let Some(removed) = removing.join_next().await {
        removed??;
    }
    say(&format!("all removed within {:.2} ms", clock.since(started).as_secs_f64() * 1000.0))?;
    Ok(ExitCode::SUCCESS)
}

pub fn tell(name: &str, mut spans: Vec<Duration>) -> std::io::Result<()> {
    spans.sort();
    let at = |part: usize| spans.get((spans.len() * part / 100).min(spans.len().saturating_sub(1)));
    let ms = |part| at(part).map_or(0.0, |span| span.as_secs_f64() * 1000.0);
    let (p50, p90, p99, last) = (ms(50), ms(90), ms(99), ms(100));
    say(&format!("{name:8} p50 {p50:7.2} ms   p90 {p90:7.2} ms   p99 {p99:7.2} ms   last {last:7.2} ms"))
}

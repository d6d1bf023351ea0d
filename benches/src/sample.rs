//! Measured durations, and clients that measure together.

use std::{
    sync::{Barrier, OnceLock},
    time::Duration,
};

use crate::{Context, Result};

/// Durations of the same thing, measured again and again.
pub struct Sample(Vec<Duration>);

impl Sample {
    /// # Errors
    /// Nothing was measured.
    pub fn new(mut durations: Vec<Duration>) -> Result<Self> {
        if durations.is_empty() {
            return Err("nothing was measured".into());
        }
        durations.sort_unstable();
        Ok(Sample(durations))
    }

    pub fn median(&self) -> Duration {
        self.quantile(0.5)
    }

    pub fn p99(&self) -> Duration {
        self.quantile(0.99)
    }

    /// The nearest measured value, none in between.
    fn quantile(&self, share: f64) -> Duration {
        let last = self.0.len() - 1;
        self.0[((last as f64) * share).round() as usize]
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }
}

/// What a number of clients did in a time.
pub struct Throughput {
    pub latencies: Sample,
    pub per_second: f64,
    /// Processor time of this process, which is the load generator's share, for each request.
    pub client_cpu: Duration,
}

/// Lets `clients` run side by side for the context's seconds; each makes its own step with `prepare(client)` and repeats it.
/// The argument of a step is how many steps this client has made.
///
/// # Errors
/// The first one of any client.
pub fn clients<S>(
    context: &Context,
    clients: usize,
    prepare: impl Fn(usize) -> Result<S> + Sync,
) -> Result<Throughput>
where
    S: FnMut(usize) -> Result<()>,
{
    let limit = Duration::from_secs(context.seconds);
    let ready = Barrier::new(clients);
    let cpu_before = OnceLock::new();
    let results: Vec<std::result::Result<(Vec<Duration>, Duration), String>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..clients)
            .map(|client| {
                let (ready, prepare, cpu_before) = (&ready, &prepare, &cpu_before);
                scope.spawn(move || {
                    let prepared = prepare(client);
                    // Everyone comes here, prepared or not, or the others would wait for ever. What it took
                    // to prepare (a cold start, say) is not measured.
                    ready.wait();
                    cpu_before.get_or_init(cpu_time);
                    let mut step = prepared.map_err(|error| error.to_string())?;
                    let mut durations = Vec::new();
                    let begun = context.clock.moment();
                    while context.clock.since(begun) < limit {
                        let moment = context.clock.moment();
                        step(durations.len()).map_err(|error| error.to_string())?;
                        durations.push(context.clock.since(moment));
                    }
                    Ok((durations, context.clock.since(begun)))
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| Err("a client panicked".into())))
            .collect()
    });
    let cpu = cpu_time().saturating_sub(cpu_before.get().copied().unwrap_or_default());
    let (mut latencies, mut elapsed) = (Vec::new(), Duration::ZERO);
    for result in results {
        let (durations, took) = result?;
        latencies.extend(durations);
        elapsed = elapsed.max(took);
    }
    let latencies = Sample::new(latencies)?;
    let per_second = latencies.len() as f64 / elapsed.as_secs_f64();
    let client_cpu = cpu / u32::try_from(latencies.len())?;
    Ok(Throughput { latencies, per_second, client_cpu })
}

/// User and system time of this process so far, all threads.
fn cpu_time() -> Duration {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: `usage` is a writable rusage, and all zeroes is a valid one should the call fail.
    let usage = unsafe {
        libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr());
        usage.assume_init()
    };
    [usage.ru_utime, usage.ru_stime]
        .iter()
        .map(|time| {
            Duration::new(time.tv_sec.unsigned_abs(), 0) + Duration::from_micros(time.tv_usec.unsigned_abs())
        })
        .sum()
}

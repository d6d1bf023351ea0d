//! The figures as text: one family after the other, bounded in labels by whoever counts them.

use api::{RequestCount, RequestTime};
use functions::Waiting;
use meters::{Tally, Totals};
use pool::{Phase, PoolStatus};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeCounterValue, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;
use std::collections::BTreeMap;
use std::fmt::{Error, Result};

#[derive(Debug)]
pub struct Figures {
    pub totals: Totals,
    pub pool: PoolStatus,
    pub kv: kv::Stats,
    pub waiting: Waiting,
    pub aside: usize,
    pub requests: Vec<RequestCount>,
    pub request_times: Vec<RequestTime>,
}

type Labels = Vec<(&'static str, String)>;

/// Upper ends of the duration buckets, in microseconds: powers of two from about a millisecond to half an hour.
const ENDS_US: std::ops::RangeInclusive<u32> = 10..=31;

impl Figures {
    /// # Errors
    /// A figure has no form in text, which none of ours lacks.
    pub fn text(self) -> std::result::Result<String, Error> {
        let mut registry = Registry::with_prefix("zerun");
        registry.register_collector(Box::new(self));
        let mut out = String::new();
        text::encode(&mut out, &registry)?;
        Ok(out)
    }
}

impl Collector for Figures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result {
        self.functions(&mut encoder)?;
        self.pool(&mut encoder)?;
        self.rest(&mut encoder)
    }
}

impl Figures {
    fn functions(&self, encoder: &mut DescriptorEncoder<'_>) -> Result {
        let told = self.totals.functions.iter().map(|((account, region, function), tally)| {
            let names = [account.to_string(), region.to_string(), function.to_string()];
            (["account", "region", "function"].into_iter().zip(names).collect::<Labels>(), tally)
        });
        let other = ["account", "region", "function"].map(|name| (name, "(other)".to_owned())).to_vec();
        let all: Vec<(Labels, &Tally)> = told.chain([(other, &self.totals.other)]).collect();
        let mut counter = |name: &str, help: &str, of: fn(&Tally) -> u64| {
            counters(encoder, name, help, all.iter().map(|(labels, tally)| (labels.clone(), of(tally))))
        };
        counter("function_invocations", "Invocations that reached an instance", |of| of.invocations)?;
        counter("function_errors", "Of these, those that the code failed", |of| of.errors)?;
        counter("function_throttles", "Refused by a limit", |of| of.throttles)?;
        counter("function_unavailable", "Refused since no instance could be had", |of| of.unavailable)?;
        counter("function_cold_starts", "Invocations that waited for an instance's start", |of| {
            of.cold_starts
        })?;
        counter("function_provisioned_invocations", "Invocations on provisioned instances", |of| {
            of.provisioned
        })?;
        counter(
            "function_spillover_invocations",
            "On demand, though the version has provisioned ones",
            |of| of.spillovers,
        )?;
        counter("function_request_bytes", "Events", |of| of.request_bytes)?;
        counter("function_response_bytes", "Answers", |of| of.response_bytes)?;
        let mut seconds = |name: &str, help: &str, of: fn(&Tally) -> f64| {
            counters(encoder, name, help, all.iter().map(|(labels, tally)| (labels.clone(), of(tally))))
        };
        seconds("function_billed_seconds", "Whole milliseconds of each", |of| of.billed_ms as f64 / 1e3)?;
        seconds("function_init_seconds", "Initialisation", |of| of.init_us as f64 / 1e6)?;
        seconds("function_cpu_seconds", "CPU of all processes", |of| of.cpu_us as f64 / 1e6)?;
        let name = "function_duration_seconds";
        let help = "From handing over the event until the next one was asked for";
        let mut family = encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
        for (labels, tally) in &all {
            let mut below = 0;
            let mut buckets: Vec<(f64, u64)> = Vec::new();
            for power in ENDS_US {
                let end = 1u64 << power;
                let count = tally.durations.below(end);
                buckets.push((end as f64 / 1e6, count.saturating_sub(below)));
                below = count;
            }
            buckets.push((f64::MAX, tally.invocations.saturating_sub(below)));
            let sum = tally.duration_us as f64 / 1e6;
            let mut metric = family.encode_family(labels)?;
            metric.encode_histogram::<NoLabelSet>(sum, tally.invocations, &buckets, None)?;
        }
        Ok(())
    }

    fn pool(&self, encoder: &mut DescriptorEncoder<'_>) -> Result {
        let pool = &self.pool;
        let phases = [Phase::Starting, Phase::Busy, Phase::Idle, Phase::Frozen, Phase::Ending];
        let names = ["starting", "busy", "idle", "frozen", "ending"];
        let counts = phases.map(|phase| pool.instances.iter().filter(|of| of.phase == phase).count());
        let by_phase = names.into_iter().zip(counts);
        let by_phase = by_phase.map(|(name, count)| (vec![("phase", name.to_owned())], count));
        gauges(encoder, "instances", "Instances of functions", by_phase)?;
        // Kinds that differ in nothing that is told are told together.
        let mut kinds: BTreeMap<Labels, [u64; 4]> = BTreeMap::new();
        for kind in &pool.prewarmed {
            let runtime = kind.runtime.clone().unwrap_or_else(|| "provided".to_owned());
            let labels = [("runtime", runtime), ("process", kind.process.to_string())].to_vec();
            let more = [kind.ready as u64, kind.target.into(), kind.taken, kind.missed];
            for (sum, more) in kinds.entry(labels).or_default().iter_mut().zip(more) {
                *sum = sum.saturating_add(more);
            }
        }
        let told = |of: fn(&[u64; 4]) -> u64| {
            kinds.iter().map(move |(labels, sums)| (labels.clone(), of(sums))).collect::<Vec<_>>()
        };
        let sizes = |of: fn(&[u64; 4]) -> u64| {
            told(of).into_iter().map(|(labels, sum)| (labels, usize::try_from(sum).unwrap_or(usize::MAX)))
        };
        gauges(encoder, "prewarmed", "Made ahead of need and ready", sizes(|[ready, ..]| *ready))?;
        gauges(encoder, "prewarmed_target", "Wanted ahead of need", sizes(|[_, target, ..]| *target))?;
        counters(encoder, "prewarmed_taken", "Cold starts that found one", told(|[.., taken, _]| *taken))?;
        counters(encoder, "prewarmed_missed", "Cold starts that found none", told(|[.., missed]| *missed))?;
        for (name, help, value) in [
            ("instance_memory_megabytes", "Configured memory of all instances", pool.memory_mb as usize),
            ("instance_memory_megabytes_max", "What they may have together", pool.memory_mb_max as usize),
            ("running_invocations", "Invocations that run", pool.running_invocations),
            ("waiting_invocations", "Invocations that wait for memory", pool.waiting_invocations),
        ] {
            gauges(encoder, name, help, [(Labels::new(), value)])?;
        }
        Ok(())
    }

    fn rest(&self, encoder: &mut DescriptorEncoder<'_>) -> Result {
        let Figures { waiting, aside, kv, .. } = self;
        let whole = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
        for (name, help, value) in [
            ("waiting_events", "Asynchronous events that wait or are under way", whole(waiting.events)),
            ("waiting_event_bytes", "Their bytes", whole(waiting.bytes)),
            ("records_set_aside", "Records that could not be read", *aside),
        ] {
            gauges(encoder, name, help, [(Labels::new(), value)])?;
        }
        for (name, help, value) in [
            ("store_transactions", "Transactions in batches that were committed", kv.transactions),
            ("store_commits", "Batches committed, one fsync each", kv.commits),
            ("store_checkpoints", "Times the log was moved into the main file", kv.checkpoints),
        ] {
            counters(encoder, name, help, [(Labels::new(), value)])?;
        }
        let seconds = [(Labels::new(), kv.commit_time.as_secs_f64())];
        counters(encoder, "store_commit_seconds", "Time spent in commits", seconds)?;
        let requests = self.requests.iter().map(|count| {
            let class = format!("{}xx", count.class);
            (vec![("operation", count.operation.to_owned()), ("status", class)], count.requests)
        });
        counters(encoder, "http_requests", "Requests answered", requests)?;
        let times = self.request_times.iter();
        let times =
            times.map(|time| (vec![("operation", time.operation.to_owned())], time.took.as_secs_f64()));
        counters(encoder, "http_request_seconds", "Time to the head of the answer", times)
    }
}

fn counters<V: EncodeCounterValue>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    values: impl IntoIterator<Item = (Labels, V)>,
) -> Result {
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    for (labels, value) in values {
        if labels.is_empty() {
            return family.encode_counter::<NoLabelSet, _, u64>(&value, None);
        }
        family.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(&value, None)?;
    }
    Ok(())
}

fn gauges(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    values: impl IntoIterator<Item = (Labels, usize)>,
) -> Result {
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    for (labels, value) in values {
        let value = i64::try_from(value).unwrap_or(i64::MAX);
        if labels.is_empty() {
            return family.encode_gauge(&value);
        }
        family.encode_family(&labels)?.encode_gauge(&value)?;
    }
    Ok(())
}

use super::SERVICES;
use http::StatusCode;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What was answered since the start, by operation and kind of status. As many as there are operations in the
/// published models, whatever is asked for.
pub(super) struct Counts {
    by_operation: HashMap<&'static str, Operation>,
    other: Operation,
}

#[derive(Default)]
struct Operation {
    by_class: [AtomicU64; 5],
    us: AtomicU64,
}

/// Requests of one operation that were answered with one kind of status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestCount {
    pub operation: &'static str,
    /// 1 to 5: the first digit of the status.
    pub class: u8,
    pub requests: u64,
}

/// How long the requests of one operation took together, to the head of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestTime {
    pub operation: &'static str,
    pub took: Duration,
}

/// Whatever is no operation of a service.
const OTHERS: [&str; 3] = ["-", "FunctionUrl", "CodeDownload"];

impl Counts {
    pub fn new() -> Self {
        let operations = SERVICES.iter().flat_map(|service| service.all_operations);
        let names = operations.map(|operation| operation.name).chain(OTHERS);
        Counts {
            by_operation: names.map(|name| (name, Operation::default())).collect(),
            other: Operation::default(),
        }
    }

    pub fn add(&self, operation: &str, status: StatusCode, took: Duration) {
        let counts = self.by_operation.get(operation).unwrap_or(&self.other);
        let class = usize::from(status.as_u16() / 100).saturating_sub(1);
        if let Some(count) = counts.by_class.get(class) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        counts.us.fetch_add(us, Ordering::Relaxed);
    }

    /// Those that were asked for, in the order of their names.
    pub fn read(&self) -> (Vec<RequestCount>, Vec<RequestTime>) {
        let (mut counts, mut times) = (Vec::new(), Vec::new());
        let mut all: Vec<(&'static str, &Operation)> =
            self.by_operation.iter().map(|(name, of)| (*name, of)).chain([("other", &self.other)]).collect();
        all.sort_unstable_by_key(|(name, _)| *name);
        for (operation, of) in all {
            for (class, count) in (1..).zip(&of.by_class) {
                let requests = count.load(Ordering::Relaxed);
                if requests > 0 {
                    counts.push(RequestCount { operation, class, requests });
                }
            }
            if counts.last().is_some_and(|last| last.operation == operation) {
                let took = Duration::from_micros(of.us.load(Ordering::Relaxed));
                times.push(RequestTime { operation, took });
            }
        }
        (counts, times)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_operation_is_counted_together() {
        let counts = Counts::new();
        for operation in ["PutObject", "PutObject", "nonsense", "more nonsense"] {
            counts.add(operation, StatusCode::NOT_FOUND, Duration::from_millis(1));
        }
        counts.add("PutObject", StatusCode::OK, Duration::from_millis(1));
        let (found, times) = counts.read();
        let count = |operation, class, requests| RequestCount { operation, class, requests };
        assert_eq!(found, [count("PutObject", 2, 1), count("PutObject", 4, 2), count("other", 4, 2)]);
        assert_eq!(times[0], RequestTime { operation: "PutObject", took: Duration::from_millis(3) });
    }
}

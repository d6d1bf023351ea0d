//! How often each function ran in one chain of events, carried along in the trace header as `Lineage`
//! (<https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html>).
//!
//! Each run adds its function. What the function's SDKs then call, they call with the header that the code
//! was given, so that the count comes back with the loop. Only what comes from functions is believed.

use crate::{FunctionId, FunctionRecord, FunctionsError};
use clock::Clock;

/// Runs of one function in one chain, before the chain is taken for a loop.
pub const RUNS_MAX: u32 = 16;

/// Different functions that one chain counts; the one that joined first is forgotten for a further one.
const FUNCTIONS_MAX: usize = 16;

const FIELD: &str = "Lineage=";

/// # Errors
/// `Recursive`: the function ran [`RUNS_MAX`] times in this chain, and may not do so.
pub(crate) fn check(
    trace_id: Option<&str>,
    id: &FunctionId,
    record: &FunctionRecord,
) -> Result<(), FunctionsError> {
    if record.may_recur || runs(trace_id, id) < RUNS_MAX {
        return Ok(());
    }
    Err(FunctionsError::Recursive(format!(
        "Lambda has detected your function {} being invoked in a recursive loop and stopped its invocation.",
        id.arn()
    )))
}

/// How often the function ran in the chain so far.
pub fn runs(trace_id: Option<&str>, id: &FunctionId) -> u32 {
    let chain = read(trace_id);
    if chain.is_empty() {
        return 0;
    }
    let own = mark(id);
    chain.into_iter().find(|(mark, _)| *mark == own).map_or(0, |(_, runs)| runs)
}

/// The trace as the function's own calls carry it on; a new one, which nobody records, where there is none.
pub(crate) fn advanced(trace_id: Option<&str>, id: &FunctionId, clock: &Clock) -> String {
    let own = mark(id);
    let mut chain = read(trace_id);
    match chain.iter_mut().find(|(mark, _)| *mark == own) {
        Some((_, runs)) => *runs = runs.saturating_add(1),
        None => chain.push((&own, 1)),
    }
    let first = chain.len().saturating_sub(FUNCTIONS_MAX);
    let counts = chain.iter().skip(first).map(|(mark, runs)| format!("{mark}:{runs}"));
    let counts = counts.collect::<Vec<_>>().join(",");
    match trace_id {
        Some(trace_id) => format!("{};{FIELD}{counts}", without(trace_id)),
        None => {
            let mut root = [0; 12];
            clock.fill_random(&mut root);
            let seconds = clock.now().as_seconds();
            format!("Root=1-{seconds:08x}-{};Sampled=0;{FIELD}{counts}", hex::encode(root))
        }
    }
}

/// The trace without what it says of earlier runs: for headers of those who are no function.
pub fn without(trace_id: &str) -> String {
    let fields = trace_id.split(';').filter(|field| !field.trim_start().starts_with(FIELD));
    fields.collect::<Vec<_>>().join(";")
}

/// What cannot be read counts nothing.
fn read(trace_id: Option<&str>) -> Vec<(&str, u32)> {
    let field = trace_id.into_iter().flat_map(|trace_id| trace_id.split(';'));
    let chain = field.filter_map(|field| field.trim_start().strip_prefix(FIELD)).next().unwrap_or_default();
    let counts = chain.split(',').filter_map(|count| {
        let (mark, runs) = count.split_once(':')?;
        let is_mark = mark.len() == 8 && mark.bytes().all(|b| b.is_ascii_hexdigit());
        Some((is_mark.then_some(mark)?, runs.parse().ok()?))
    });
    counts.take(FUNCTIONS_MAX).collect()
}

/// Eight hexadecimal digits of the SHA-256 of the function's ARN.
fn mark(id: &FunctionId) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, id.arn().to_string().as_bytes());
    let mut mark = hex::encode(digest);
    mark.truncate(8);
    mark
}

#[cfg(test)]
mod tests {
    use super::*;
    use clock::Timestamp;
    use names::{AccountId, FunctionName, Region};

    fn id(name: &str) -> FunctionId {
        let name = FunctionName::parse(name).unwrap();
        FunctionId { account: AccountId::root(), region: Region::default_region(), name }
    }

    #[test]
    fn each_function_of_a_chain_is_counted_by_itself() {
        let clock = Clock::simulated(Timestamp::EPOCH, 1);
        let mut trace = advanced(None, &id("a"), &clock);
        assert!(trace.starts_with("Root=1-00000000-") && trace.contains(";Sampled=0;Lineage="), "{trace}");
        for _ in 0..4 {
            trace = advanced(Some(&trace), &id("b"), &clock);
            trace = advanced(Some(&trace), &id("a"), &clock);
        }
        assert_eq!([runs(Some(&trace), &id("a")), runs(Some(&trace), &id("b"))], [5, 4]);
        assert_eq!(runs(Some(&trace), &id("c")), 0);
        assert_eq!(runs(Some(&without(&trace)), &id("a")), 0);
        assert!(trace.len() <= 512);
    }

    #[test]
    fn a_long_chain_stays_short() {
        let clock = Clock::simulated(Timestamp::EPOCH, 1);
        let mut trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1".to_owned();
        for number in 0..100 {
            trace = advanced(Some(&trace), &id(&format!("f{number}")), &clock);
        }
        assert!(trace.starts_with("Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1;Lineage="));
        assert!(trace.len() <= 512, "{}", trace.len());
        assert_eq!([runs(Some(&trace), &id("f99")), runs(Some(&trace), &id("f0"))], [1, 0]);
    }

    #[test]
    fn what_is_no_lineage_counts_nothing() {
        for header in ["", "Lineage", "Lineage=", "Lineage=x:1", "Lineage=zzzzzzzz:1", "Root=1;Lineage=:,:,"]
        {
            assert_eq!(runs(Some(header), &id("a")), 0, "{header}");
        }
    }
}

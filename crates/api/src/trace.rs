use access::Principal;
use clock::Clock;
use functions::lineage;
use http::HeaderMap;

/// Where a request came from, across services (<https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader>).
pub(crate) const TRACE_HEADER: &str = "x-amzn-trace-id";

/// Longer ones are not forwarded: nobody's own are.
const CHARS_MAX: usize = 512;

/// The trace that a function carries on: what it causes belongs to the chain of events that it runs in.
/// Nobody else is believed about that; a stranger could have events of others taken for a loop.
pub(crate) fn of_function(principal: &Principal, headers: &HeaderMap) -> Option<String> {
    if is_function(principal) { given(headers) } else { None }
}

/// Whether a function asks, with the credentials that it was given.
pub(crate) fn is_function(principal: &Principal) -> bool {
    matches!(principal, Principal::Session { session, .. } if session.function_arn.is_some())
}

/// The caller's own trace, or the root of a new one, which nobody records. Without what it says of earlier
/// runs: see [`of_function`].
pub(crate) fn trace_id(headers: &HeaderMap, clock: &Clock) -> String {
    match given(headers) {
        Some(given) => lineage::without(&given),
        None => {
            let mut random = [0; 12];
            clock.fill_random(&mut random);
            format!("Root=1-{:08x}-{};Sampled=0", clock.now().as_seconds(), hex::encode(random))
        }
    }
}

fn given(headers: &HeaderMap) -> Option<String> {
    let given = headers.get(TRACE_HEADER)?.to_str().ok()?;
    (given.contains("Root=") && given.len() <= CHARS_MAX).then(|| given.to_owned())
}

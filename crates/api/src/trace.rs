use clock::Clock;
use http::HeaderMap;

/// Where a request came from, across services (<https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader>).
pub(crate) const TRACE_HEADER: &str = "x-amzn-trace-id";

/// Longer ones are not forwarded: nobody's own are.
const CHARS_MAX: usize = 512;

/// The caller's own trace, or the root of a new one, which nobody records.
pub(crate) fn trace_id(headers: &HeaderMap, clock: &Clock) -> String {
    match headers.get(TRACE_HEADER).and_then(|value| value.to_str().ok()) {
        Some(given) if given.contains("Root=") && given.len() <= CHARS_MAX => given.to_owned(),
        _ => {
            let mut random = [0; 12];
            clock.fill_random(&mut random);
            format!("Root=1-{:08x}-{};Sampled=0", clock.now().as_seconds(), hex::encode(random))
        }
    }
}

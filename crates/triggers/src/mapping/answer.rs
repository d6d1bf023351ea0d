//! What a function says of the batch that it was handed
//! (<https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>).

use super::attempt::PAYLOAD_BYTES_MAX;
use super::window::{FRAME_BYTES_MAX, STATE_BYTES_MAX};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Done,
    /// Places in the batch of those that failed, in order; never empty.
    SomeFailed(Vec<usize>),
    AllFailed,
}

/// `ids`: of the records of the batch, in order.
///
/// Nothing said is success; what cannot be understood, or names what was not in the batch, is failure of all.
pub(super) fn verdict(payload: &[u8], ids: &[&str]) -> Verdict {
    if payload.is_empty() {
        return Verdict::Done;
    }
    match serde_json::from_slice(payload) {
        Ok(Value::Object(object)) => items(object, ids),
        Ok(Value::Null) => Verdict::Done,
        _ => Verdict::AllFailed,
    }
}

/// As [`verdict`], of an answer that must bring the state of a tumbling window along: an answer without one is failure
/// of all. `reports_items`: whether what it says of single records counts.
///
/// A state that would not fit into another event is none.
pub(super) fn windowed(payload: &[u8], ids: &[&str], reports_items: bool) -> (Verdict, Option<String>) {
    let Ok(mut object) = serde_json::from_slice::<BTreeMap<String, &RawValue>>(payload) else {
        return (Verdict::AllFailed, None);
    };
    let is_fit =
        |state: &&RawValue| state.get().starts_with('{') && state.get().len() < STATE_ANSWER_BYTES_MAX;
    let Some(state) = object.remove("state").filter(is_fit).map(|state| state.get().to_owned()) else {
        return (Verdict::AllFailed, None);
    };
    let failures = object.remove("batchItemFailures").filter(|_| reports_items);
    let verdict = match failures.map(|failures| serde_json::from_str(failures.get())) {
        None => Verdict::Done,
        Some(Ok(failures)) => items(Map::from_iter([(FAILURES.to_owned(), failures)]), ids),
        Some(Err(_)) => Verdict::AllFailed,
    };
    match verdict {
        Verdict::AllFailed => (Verdict::AllFailed, None),
        verdict => (verdict, Some(state)),
    }
}

/// Bytes: room for the rest of an event is left.
const STATE_ANSWER_BYTES_MAX: usize = PAYLOAD_BYTES_MAX - (FRAME_BYTES_MAX - STATE_BYTES_MAX);

const FAILURES: &str = "batchItemFailures";

fn items(mut object: Map<String, Value>, ids: &[&str]) -> Verdict {
    let failures = match object.remove(FAILURES) {
        None if object.is_empty() => return Verdict::Done,
        Some(Value::Null) => return Verdict::Done,
        Some(Value::Array(failures)) => failures,
        // Another answer than the one that was announced.
        None | Some(_) => return Verdict::AllFailed,
    };
    let mut places = Vec::with_capacity(failures.len());
    for failure in failures {
        let id = failure.get("itemIdentifier").and_then(Value::as_str).filter(|id| !id.is_empty());
        match id.and_then(|id| ids.iter().position(|known| *known == id)) {
            Some(place) => places.push(place),
            None => return Verdict::AllFailed,
        }
    }
    places.sort_unstable();
    places.dedup();
    if places.is_empty() { Verdict::Done } else { Verdict::SomeFailed(places) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_success_and_nonsense_is_failure() {
        let ids = ["1", "2", "3"];
        let said = |text: &str| verdict(text.as_bytes(), &ids);
        for text in ["", "null", "{}", "{\"batchItemFailures\":[]}", "{\"batchItemFailures\":null}"] {
            assert_eq!(said(text), Verdict::Done, "{text}");
        }
        for text in [
            "not JSON",
            "[]",
            "\"ok\"",
            "1",
            "{\"batchItemFailure\":[]}",
            "{\"batchItemFailures\":\"1\"}",
            "{\"batchItemFailures\":[{}]}",
            "{\"batchItemFailures\":[{\"itemIdentifier\":\"\"}]}",
            "{\"batchItemFailures\":[{\"itemIdentifier\":null}]}",
            "{\"batchItemFailures\":[{\"itemIdentifier\":\"4\"}]}",
            "{\"batchItemFailures\":[{\"itemIdentifier\":\"1\"},{\"itemIdentifer\":\"2\"}]}",
        ] {
            assert_eq!(said(text), Verdict::AllFailed, "{text}");
        }
        let some = "{\"batchItemFailures\":[{\"itemIdentifier\":\"3\"},{\"itemIdentifier\":\"2\"},{\"itemIdentifier\":\"3\"}]}";
        assert_eq!(said(some), Verdict::SomeFailed(vec![1, 2]));
    }

    #[test]
    fn an_answer_of_a_window_brings_its_state() {
        let ids = ["1", "2", "3"];
        let said = |text: &str, reports| windowed(text.as_bytes(), &ids, reports);
        let some =
            |places: &[usize], state: &str| (Verdict::SomeFailed(places.to_vec()), Some(state.to_owned()));
        for (text, reports, expected) in [
            ("{\"state\":{}}", true, (Verdict::Done, Some("{}".to_owned()))),
            // Numbers stay as they were written.
            ("{\"state\":{\"a\": 1.50}}", false, (Verdict::Done, Some("{\"a\": 1.50}".to_owned()))),
            ("{\"state\":{},\"more\":1}", true, (Verdict::Done, Some("{}".to_owned()))),
            ("{\"state\":{},\"batchItemFailures\":[]}", true, (Verdict::Done, Some("{}".to_owned()))),
            (
                "{\"state\":{\"n\":1},\"batchItemFailures\":[{\"itemIdentifier\":\"2\"}]}",
                true,
                some(&[1], "{\"n\":1}"),
            ),
            // It was not announced.
            (
                "{\"state\":{},\"batchItemFailures\":[{\"itemIdentifier\":\"2\"}]}",
                false,
                (Verdict::Done, Some("{}".to_owned())),
            ),
            (
                "{\"state\":{},\"batchItemFailures\":[{\"itemIdentifier\":\"9\"}]}",
                true,
                (Verdict::AllFailed, None),
            ),
            ("", true, (Verdict::AllFailed, None)),
            ("null", true, (Verdict::AllFailed, None)),
            ("{}", true, (Verdict::AllFailed, None)),
            ("[]", false, (Verdict::AllFailed, None)),
            ("{\"state\":null}", false, (Verdict::AllFailed, None)),
            ("{\"state\":7}", false, (Verdict::AllFailed, None)),
            ("{\"batchItemFailures\":[]}", true, (Verdict::AllFailed, None)),
        ] {
            assert_eq!(said(text, reports), expected, "{text}");
        }
    }
}

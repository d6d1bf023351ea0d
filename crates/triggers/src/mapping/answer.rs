//! What a function says of the batch that it was handed
//! (<https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>).

use serde_json::Value;

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
    let failures = match serde_json::from_slice(payload) {
        Ok(Value::Object(mut object)) => match object.remove("batchItemFailures") {
            None if object.is_empty() => return Verdict::Done,
            Some(Value::Null) => return Verdict::Done,
            Some(Value::Array(failures)) => failures,
            // Another answer than the one that was announced.
            None | Some(_) => return Verdict::AllFailed,
        },
        Ok(Value::Null) => return Verdict::Done,
        _ => return Verdict::AllFailed,
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
}

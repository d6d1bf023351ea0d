use super::ResponseStream;
use bytes::Bytes;
use serde_json::{Value, json};

/// How a process answered one invocation.
#[derive(Debug)]
pub enum Reply {
    Response {
        body: Bytes,
        content_type: String,
    },
    /// The process uses the streaming mode and has begun.
    Stream(ResponseStream),
    Error(ErrorReport),
    /// The answer had this many bytes, more than [`super::RESPONSE_BYTES_MAX`].
    TooLarge(u64),
    /// The connection broke before the whole answer was there.
    Truncated,
}

/// An error document as the caller gets it, and its kind for the platform's own records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorReport {
    /// JSON, normally `{"errorMessage", "errorType", …}`; as the process wrote it.
    pub body: Bytes,
    /// `Runtime.…` or `Function.…`.
    pub error_type: String,
}

impl ErrorReport {
    /// An error that the platform itself states.
    pub fn platform(error_type: &str, message: &str) -> Self {
        let document = json!({ "errorType": error_type, "errorMessage": message });
        ErrorReport { body: document.to_string().into(), error_type: error_type.to_owned() }
    }

    /// What a process posted, with the `Lambda-Runtime-Function-Error-Type` it gave.
    pub(crate) fn posted(body: Bytes, given_type: Option<&str>, content_type: &str, unknown: &str) -> Self {
        let error_type = given_type.filter(|text| is_error_type(text)).unwrap_or(unknown);
        let body = if content_type == CAUSE_TYPE { without_cause(body) } else { body };
        ErrorReport { body, error_type: error_type.to_owned() }
    }
}

/// An error body that also carries a tracing cause, which is not for the caller.
const CAUSE_TYPE: &str = "application/vnd.aws.lambda.error.cause+json";

fn without_cause(body: Bytes) -> Bytes {
    match serde_json::from_slice(&body) {
        Ok(Value::Object(mut document)) => {
            document.remove("errorCause");
            Value::Object(document).to_string().into()
        }
        _ => body,
    }
}

/// `Runtime.` or `Function.` and letters, the first of them a capital; at most 256 bytes.
fn is_error_type(text: &str) -> bool {
    let name = text.strip_prefix("Runtime.").or_else(|| text.strip_prefix("Function."));
    name.is_some_and(|name| {
        name.len() <= 256
            && name.starts_with(|c: char| c.is_ascii_uppercase())
            && name.bytes().all(|b| b.is_ascii_alphabetic())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_well_formed_error_types_are_kept() {
        let kept = |given| ErrorReport::posted(Bytes::new(), given, "", "Function.Unknown").error_type;
        assert_eq!(kept(Some("Runtime.ImportModuleError")), "Runtime.ImportModuleError");
        assert_eq!(kept(Some("Function.Oops")), "Function.Oops");
        for given in [None, Some(""), Some("Error"), Some("Runtime.lower"), Some("Runtime.A\nB")] {
            assert_eq!(kept(given), "Function.Unknown");
        }
    }

    #[test]
    fn a_tracing_cause_is_not_passed_on() {
        let body = Bytes::from_static(br#"{"errorMessage":"m","errorType":"t","errorCause":{"a":1}}"#);
        let report = ErrorReport::posted(body, None, CAUSE_TYPE, "Function.Unknown");
        assert_eq!(&report.body[..], br#"{"errorMessage":"m","errorType":"t"}"#);
    }
}

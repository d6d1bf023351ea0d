//! IAM answers with policies that are percent-encoded (RFC 3986), as they would stand in a URL.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

pub(super) fn shown(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

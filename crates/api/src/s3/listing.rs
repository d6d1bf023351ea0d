//! What the listings share.

use super::error::argument;
use super::model::{CommonPrefix, Object, Owner};
use super::place::{quoted, signed};
use crate::{ApiError, Call};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use objects::{ListedObject, PAGE_MAX};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What `encoding-type=url` leaves as it is.
const PLAIN: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'/').remove(b'*').remove(b'~');

/// How keys are written: XML 1.0 cannot carry every character, so clients ask for URL encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Plain,
    Url,
}

impl Encoding {
    pub(super) fn of(encoding_type: Option<&String>) -> Result<Encoding, ApiError> {
        match encoding_type.map(String::as_str) {
            None => Ok(Encoding::Plain),
            Some("url") => Ok(Encoding::Url),
            Some(other) => {
                Err(argument("encoding-type", other, "Invalid Encoding Method specified in Request"))
            }
        }
    }

    pub(super) fn write(self, text: &str) -> String {
        match self {
            Encoding::Plain => text.to_owned(),
            Encoding::Url => utf8_percent_encode(text, PLAIN).to_string(),
        }
    }

    pub(super) fn write_given(self, text: Option<&String>) -> Option<String> {
        text.filter(|text| !text.is_empty()).map(|text| self.write(text))
    }

    pub(super) fn common_prefixes(self, prefixes: &[String]) -> Option<Vec<CommonPrefix>> {
        let told = prefixes.iter().map(|prefix| CommonPrefix { prefix: Some(self.write(prefix)) });
        Some(told.collect::<Vec<_>>()).filter(|told| !told.is_empty())
    }

    pub(super) fn objects(self, objects: Vec<ListedObject>, owner: Option<&Owner>) -> Option<Vec<Object>> {
        let told = objects.into_iter().map(|object| Object {
            key: Some(self.write(&object.key)),
            last_modified: Some(object.last_modified.into()),
            e_tag: Some(quoted(&object.etag)),
            checksum_algorithm: Some(vec![object.checksum.algorithm.as_str().to_owned()]),
            checksum_type: Some(object.checksum.kind.as_str().to_owned()),
            size: Some(signed(object.size)),
            storage_class: Some("STANDARD".to_owned()),
            owner: owner.cloned(),
            restore_status: None,
        });
        Some(told.collect::<Vec<_>>()).filter(|told| !told.is_empty())
    }
}

/// The entries wanted on a page, at most `PAGE_MAX`; that many when not said.
pub(super) fn page_size(name: &str, wanted: Option<i32>) -> Result<usize, ApiError> {
    match wanted {
        None => Ok(PAGE_MAX),
        Some(wanted) => usize::try_from(wanted).map(|wanted| wanted.min(PAGE_MAX)).map_err(|_| {
            argument(name, &wanted.to_string(), "Argument must be an integer between 0 and 2147483647")
        }),
    }
}

pub(super) fn count(count: usize) -> Option<i32> {
    Some(i32::try_from(count).unwrap_or(i32::MAX))
}

/// The account that owns what is listed: the caller's own.
pub(super) fn owner(call: &Call) -> Option<Owner> {
    let owner = call.principal.owner()?;
    Some(Owner { display_name: Some(owner.display_name.clone()), id: Some(owner.canonical_user_id.clone()) })
}

/// Where the next page begins, in a form that clients only hand back. Starts with a version.
pub(super) fn token(after: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("1{after}"))
}

/// # Errors
/// A token that is not one of ours.
pub(super) fn read_token(token: &str) -> Result<String, ApiError> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.and_then(|text| text.strip_prefix('1').map(str::to_owned))
        .ok_or_else(|| argument("continuation-token", token, "The continuation token provided is incorrect"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_written_so_that_every_client_reads_them_back() {
        let check = |key: &str, expected: &str| assert_eq!(Encoding::Url.write(key), expected);
        check("photos/cat 1.jpg", "photos/cat%201.jpg");
        check("a+b&c=d", "a%2Bb%26c%3Dd");
        check("ü\u{1}", "%C3%BC%01");
        assert_eq!(Encoding::Plain.write("a b"), "a b");
    }

    #[test]
    fn a_token_leads_back_and_nothing_else_does() {
        for after in ["", "a", "photos/ü\u{0}"] {
            assert_eq!(read_token(&token(after)).ok().as_deref(), Some(after));
        }
        for bad in ["", "!", "YQ", "____"] {
            assert!(read_token(bad).is_err(), "{bad}");
        }
    }
}

//! What names, paths and ids look like.

use super::IamError;
use crate::principal::base32;
use clock::Clock;

pub(crate) const NAME_CHARS_MAX: usize = 128;
/// Of users and roles.
pub(crate) const SHORT_NAME_CHARS_MAX: usize = 64;
const PATH_CHARS_MAX: usize = 512;

/// # Errors
/// `Validation`: not 1–`max` of the letters, digits and signs that names consist of.
pub(crate) fn check_name(what: &str, name: &str, max: usize) -> Result<(), IamError> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    if name.is_empty() || name.len() > max || !name.bytes().all(fits) {
        return Err(IamError::Validation(format!(
            "The specified value for {what} is invalid. It must contain only alphanumeric characters and/or \
             the following: +=,.@_-"
        )));
    }
    Ok(())
}

/// `/` where there is none.
///
/// # Errors
/// `Validation`: the path does not begin and end with `/`, or is over 512 characters.
pub(crate) fn checked_path(path: Option<String>) -> Result<String, IamError> {
    let path = path.unwrap_or_else(|| "/".to_owned());
    let printable = path.bytes().all(|byte| (0x21..=0x7E).contains(&byte));
    if path.len() > PATH_CHARS_MAX || !path.starts_with('/') || !path.ends_with('/') || !printable {
        return Err(IamError::Validation(
            "The specified value for path is invalid. It must begin and end with / and contain only \
             alphanumeric characters and/or / characters."
                .to_owned(),
        ));
    }
    Ok(path)
}

/// `prefix` and 17 random characters.
pub(crate) fn unique_id(prefix: &str, clock: &Clock) -> String {
    let mut bytes = [0; 17];
    clock.fill_random(&mut bytes);
    prefix.chars().chain(bytes.into_iter().map(base32)).collect()
}

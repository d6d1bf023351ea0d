//! Tokens that continue a list: opaque to the caller, versioned for us.
//!
//! A token says where a list goes on, never what its caller may see: whoever makes one up gets what a
//! caller of the same operation could have got anyway. It is therefore not signed.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::json;

/// Characters of a token, at most: room for the longest key of an object, escaped.
const CHARACTERS_MAX: usize = 8 * 1024;
const VERSION: u8 = 1;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the continuation token is not one that this operation gave")]
pub struct PageTokenError;

#[derive(Serialize, Deserialize)]
struct Token<T> {
    #[serde(rename = "v")]
    version: u8,
    #[serde(rename = "o")]
    operation: String,
    #[serde(rename = "p")]
    position: T,
}

/// `position` is whatever the operation needs to go on, e.g. the last key it listed.
///
/// # Errors
/// A position that does not become JSON.
pub fn encode<T: Serialize>(operation: &str, position: &T) -> Result<String, PageTokenError> {
    let token = Token { version: VERSION, operation: operation.to_owned(), position };
    serde_json::to_vec(&token).map(|json| URL_SAFE_NO_PAD.encode(json)).map_err(|_| PageTokenError)
}

/// # Errors
/// Text that is not a token of this operation in this version.
pub fn decode<T: DeserializeOwned>(operation: &str, text: &str) -> Result<T, PageTokenError> {
    if text.len() > CHARACTERS_MAX {
        return Err(PageTokenError);
    }
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| PageTokenError)?;
    let value = json::parse(&bytes).map_err(|_| PageTokenError)?;
    let token: Token<T> = serde_json::from_value(value).map_err(|_| PageTokenError)?;
    match token.version == VERSION && token.operation == operation {
        true => Ok(token.position),
        false => Err(PageTokenError),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_continues_its_own_list_only() {
        let token = encode("ListFunctions", &("name", 7)).unwrap();
        assert_eq!(decode("ListFunctions", &token), Ok(("name".to_owned(), 7)));
        assert_eq!(decode::<(String, u8)>("ListLayers", &token), Err(PageTokenError));
        assert_eq!(decode::<String>("ListFunctions", &token), Err(PageTokenError));
        for text in ["", "!", "AAAA", &"A".repeat(100_000)] {
            assert_eq!(decode::<String>("ListFunctions", text), Err(PageTokenError));
        }
    }
}

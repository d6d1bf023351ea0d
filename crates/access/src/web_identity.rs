//! Whom an OpenID Connect issuer vouches for: its tokens are verified with keys that the operator gave.
//!
//! Keys never come from the network: whoever may make a provider would otherwise have the server ask any address.

mod key;
#[cfg(test)]
pub(crate) mod testing;
mod token;

pub(crate) use token::{Claims, OneOrMore, Tags, TokenFault, read};

use clock::Timestamp;
use key::VerifyingKey;
use std::collections::HashMap;

/// The issuers that the operator knows, by their URL (`https://…`), with their keys.
#[derive(Debug, Clone, Default)]
pub struct Issuers(HashMap<String, Vec<VerifyingKey>>);

impl Issuers {
    /// Adds an issuer. `keys`: its JSON Web Key Set.
    ///
    /// # Errors
    /// The URL is none of an issuer, is there already, or the keys cannot be read.
    pub fn add(&mut self, url: &str, keys: &str) -> Result<(), String> {
        let host = url.strip_prefix("https://").filter(|rest| !rest.is_empty() && !rest.contains(['?', '#']));
        if host.is_none() {
            return Err(format!("{url:?} is no https:// URL of an issuer"));
        }
        let keys = key::read_set(keys)?;
        match self.0.insert(url.to_owned(), keys) {
            None => Ok(()),
            Some(_) => Err(format!("the issuer {url} is there twice")),
        }
    }

    /// What a token says that holds at `now`, if its issuer's keys are known.
    pub(crate) fn verify(&self, token: token::Unverified<'_>, now: Timestamp) -> Result<Claims, TokenFault> {
        let keys = self.0.get(token.issuer()).ok_or(TokenFault::NoKey)?;
        token.verify(keys, now)
    }
}

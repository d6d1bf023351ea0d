//! What clients carry for us and hand back unchanged, such as a place in a listing: readable, but nobody can make one up.

use crate::{Access, MasterKey};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

const TAG_BYTES: usize = 32;
/// Characters of a token that is looked at.
const LEN_MAX: usize = 4096;

/// Signs with HMAC-SHA-256, which unlike a cipher with random nonces has no bound on how many there may be.
#[derive(Debug)]
pub(crate) struct Tokens(hmac::Key);

impl Tokens {
    pub(crate) fn new(master: &MasterKey) -> Self {
        Tokens(hmac::Key::new(hmac::HMAC_SHA256, &master.derive("token")))
    }

    fn seal(&self, context: &str, payload: &[u8]) -> String {
        let tag = hmac::sign(&self.0, &message(context, payload));
        URL_SAFE_NO_PAD.encode([tag.as_ref(), payload].concat())
    }

    fn open(&self, context: &str, token: &str) -> Option<Vec<u8>> {
        if token.len() > LEN_MAX {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (tag, payload) = bytes.split_at_checked(TAG_BYTES)?;
        // Compares in constant time.
        hmac::verify(&self.0, &message(context, payload), tag).ok()?;
        Some(payload.to_vec())
    }
}

/// The context's length keeps both apart.
fn message(context: &str, payload: &[u8]) -> Vec<u8> {
    [&(context.len() as u64).to_be_bytes(), context.as_bytes(), payload].concat()
}

impl Access {
    /// A token of `A-Za-z0-9_-`, good for one context alone: what it is a token of.
    pub fn seal_token(&self, context: &str, payload: &[u8]) -> String {
        self.tokens().seal(context, payload)
    }

    /// `None` for what is no such token of this data directory.
    pub fn open_token(&self, context: &str, token: &str) -> Option<Vec<u8>> {
        self.tokens().open(context, token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clock::Clock;

    #[test]
    fn a_token_opens_with_its_key_and_context_alone() {
        let tokens = Tokens::new(&MasterKey::ephemeral(&Clock::real()));
        let token = tokens.seal("a", b"place");
        assert_eq!(tokens.open("a", &token).as_deref(), Some(&b"place"[..]));
        assert_eq!(tokens.open("b", &token), None);
        assert_eq!(Tokens::new(&MasterKey::ephemeral(&Clock::real())).open("a", &token), None);
        for position in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[position] = if changed[position] == b'A' { b'Q' } else { b'A' };
            assert_eq!(tokens.open("a", std::str::from_utf8(&changed).unwrap()), None, "{position}");
        }
        for text in ["", "A", "????", &"A".repeat(LEN_MAX + 1)] {
            assert_eq!(tokens.open("a", text), None);
        }
    }
}

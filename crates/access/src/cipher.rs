use crate::AccessError;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use clock::Clock;
use std::fmt;

/// AES-256-GCM with a random 96-bit nonce in front of the text.
///
/// Random nonces are safe up to 2^32 texts under one key (NIST SP 800-38D §8.3): access keys and
/// function sessions of one data directory stay far below.
pub(crate) struct Cipher(LessSafeKey);

impl Cipher {
    pub(crate) fn new(key: &[u8; 32]) -> Result<Self, AccessError> {
        let key = UnboundKey::new(&AES_256_GCM, key).map_err(|_| AccessError::Cipher)?;
        Ok(Cipher(LessSafeKey::new(key)))
    }

    /// Seals `text`, bound to `context`: it opens only with the same one.
    pub(crate) fn seal(&self, clock: &Clock, context: &str, text: &[u8]) -> Result<Vec<u8>, AccessError> {
        let mut nonce = [0; NONCE_LEN];
        clock.fill_random(&mut nonce);
        let mut sealed = text.to_vec();
        self.0
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(context.as_bytes()),
                &mut sealed,
            )
            .map_err(|_| AccessError::Cipher)?;
        let mut out = nonce.to_vec();
        out.append(&mut sealed);
        Ok(out)
    }

    /// `None` unless `sealed` was sealed with this key and `context` and is unchanged.
    pub(crate) fn open(&self, context: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = text.to_vec();
        let length = self.0.open_in_place(nonce, Aad::from(context.as_bytes()), &mut text).ok()?.len();
        text.truncate(length);
        Some(text)
    }
}

impl fmt::Debug for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cipher(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_context_and_unchanged_bytes_open() {
        let cipher = Cipher::new(&[7; 32]).unwrap();
        let sealed = cipher.seal(&Clock::real(), "a", b"secret").unwrap();
        assert_eq!(cipher.open("a", &sealed).as_deref(), Some(&b"secret"[..]));
        assert_eq!(cipher.open("b", &sealed), None);
        assert_eq!(Cipher::new(&[8; 32]).unwrap().open("a", &sealed), None);
        for position in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[position] ^= 1;
            assert_eq!(cipher.open("a", &changed), None, "{position}");
        }
        assert_eq!(cipher.open("a", b"short"), None);
    }
}

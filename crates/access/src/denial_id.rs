//! The short text that stands for a denial in its error message.
//!
//! It refers to the audit log's record and says nothing itself: sealed, so that nobody learns from it, or can make
//! one up that refers to somebody else's.

use crate::cipher::Cipher;
use crate::{Access, AccessError, MasterKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clock::{Clock, Timestamp};
use names::AccountId;

const LABEL: &str = "authorization message";
const ID_BYTES: usize = 16;
const TIME_BYTES: usize = 8;
const ACCOUNT_BYTES: usize = 5;

/// Which denial a text stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DenialRef {
    /// The record's id: a UUID's bytes.
    pub event_id: [u8; ID_BYTES],
    /// Of the principal who was denied.
    pub account: AccountId,
    pub at: Timestamp,
}

impl DenialRef {
    /// The record's id as it is written.
    pub fn event_uuid(&self) -> String {
        let hex = hex::encode(self.event_id);
        let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
        format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
    }
}

/// Makes and reads the texts of one data directory.
#[derive(Debug)]
pub struct DenialIds(Cipher);

impl DenialIds {
    /// # Errors
    /// The cipher fails.
    pub fn new(master: &MasterKey) -> Result<Self, AccessError> {
        Ok(DenialIds(master.cipher(LABEL)?))
    }

    /// 76 characters of `A-Za-z0-9_-`.
    ///
    /// # Errors
    /// The cipher fails.
    pub fn seal(&self, clock: &Clock, denial: &DenialRef) -> Result<String, AccessError> {
        let account: u64 = denial.account.as_str().parse().unwrap_or_default();
        let mut text = denial.event_id.to_vec();
        text.extend_from_slice(&denial.at.as_ms().to_be_bytes());
        text.extend_from_slice(account.to_be_bytes().get(8 - ACCOUNT_BYTES..).unwrap_or_default());
        Ok(URL_SAFE_NO_PAD.encode(self.0.seal(clock, LABEL, &text)?))
    }

    /// `None` for what was not sealed with the same master key.
    pub fn open(&self, text: &str) -> Option<DenialRef> {
        if text.len() > 2 * (ID_BYTES + TIME_BYTES + ACCOUNT_BYTES + 28) {
            return None;
        }
        let text = self.0.open(LABEL, &URL_SAFE_NO_PAD.decode(text).ok()?)?;
        let (id, rest) = text.split_first_chunk::<ID_BYTES>()?;
        let (at, account) = rest.split_first_chunk::<TIME_BYTES>()?;
        let account: [u8; ACCOUNT_BYTES] = account.try_into().ok()?;
        let account = account.iter().fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
        Some(DenialRef {
            event_id: *id,
            account: AccountId::parse(&format!("{account:012}")).ok()?,
            at: Timestamp::from_ms(i64::from_be_bytes(*at)),
        })
    }
}

impl Access {
    /// The text that stands for a denial.
    ///
    /// # Errors
    /// The cipher fails.
    pub fn seal_denial(&self, clock: &Clock, denial: &DenialRef) -> Result<String, AccessError> {
        self.denial_ids().seal(clock, denial)
    }

    /// `None` for what is no such text of this data directory.
    pub fn open_denial(&self, text: &str) -> Option<DenialRef> {
        self.denial_ids().open(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_short_and_opens_with_the_same_key_alone() {
        let clock = Clock::simulated(Timestamp::from_seconds(1_700_000_000), 3);
        let ids = DenialIds::new(&MasterKey::ephemeral(&clock)).unwrap();
        for account in ["000000000000", "000000000042", "999999999999"] {
            let account = AccountId::parse(account).unwrap();
            let denial = DenialRef { event_id: [7; 16], account, at: clock.now() };
            let text = ids.seal(&clock, &denial).unwrap();
            assert!(text.len() <= 80, "{text}");
            assert_eq!(ids.open(&text), Some(denial));
            let other = DenialIds::new(&MasterKey::ephemeral(&clock)).unwrap();
            assert_eq!(other.open(&text), None);
            let changed: String = text.chars().rev().collect();
            assert_eq!(ids.open(&changed), None);
        }
        for text in ["", "A", "????", &"A".repeat(76), &"A".repeat(10_000)] {
            assert_eq!(ids.open(text), None, "{text}");
        }
    }
}

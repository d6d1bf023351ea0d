use crate::Owner;
use crate::credential::Secret;
use crate::principal::base32;
use clock::{Clock, Timestamp};
use names::AccountId;
use serde::{Deserialize, Serialize};

/// The key id, and the secret, that tools preset for clouds on one's own machine.
pub const WELL_KNOWN_KEY: &str = "test";

/// An account, without its keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    pub id: AccountId,
    /// S3's name for the account: 64 hexadecimal digits.
    pub canonical_user_id: String,
    pub display_name: String,
    pub created: Timestamp,
}

impl kv::Record for Account {
    const KIND: &'static str = "account";
    const VERSION: u8 = 1;
}

impl Account {
    /// The account as the owner of what it makes.
    pub fn owner(&self) -> Owner {
        Owner {
            account: self.id.clone(),
            canonical_user_id: self.canonical_user_id.clone(),
            display_name: self.display_name.clone(),
        }
    }
}

/// The long-lived credentials of an account's root.
#[derive(Debug, Clone)]
pub struct KeyPair {
    pub access_key_id: String,
    pub secret_access_key: Secret,
}

impl KeyPair {
    /// `AKIA` and 16 of `A-Z2-7`; a secret of 40 base64 characters (240 random bits).
    pub(crate) fn random(clock: &Clock) -> Self {
        let mut secret = [0; 30];
        clock.fill_random(&mut secret);
        KeyPair {
            access_key_id: random_key_id("AKIA", clock),
            secret_access_key: Secret::new(crate::credential::encode(&secret)),
        }
    }
}

pub(crate) fn random_key_id(prefix: &str, clock: &Clock) -> String {
    let mut bytes = [0; 16];
    clock.fill_random(&mut bytes);
    prefix.chars().chain(bytes.into_iter().map(base32)).collect()
}

/// An account as configuration gives it. Its key holds as long as the configuration says so: it is
/// kept in memory, never stored.
#[derive(Debug, Clone)]
pub struct AccountSettings {
    pub id: AccountId,
    /// `None`: the account's keys are made elsewhere.
    pub key: Option<KeyPair>,
    /// Derived from the id where it is not given.
    pub canonical_user_id: Option<String>,
    pub display_name: Option<String>,
}

use names::AccountId;
use std::collections::HashMap;

/// Invocations that accounts may have running at once in a region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountConcurrency {
    /// Of accounts that are not named.
    pub default: u32,
    pub accounts: HashMap<AccountId, u32>,
}

impl AccountConcurrency {
    pub fn of(&self, account: &AccountId) -> u32 {
        self.accounts.get(account).copied().unwrap_or(self.default)
    }
}

/// The same for every account.
impl From<u32> for AccountConcurrency {
    fn from(default: u32) -> Self {
        AccountConcurrency { default, accounts: HashMap::new() }
    }
}

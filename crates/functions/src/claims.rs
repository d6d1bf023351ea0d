use crate::{FunctionId, FunctionRecord, FunctionsError, keys};
use kv::{Read, Record, Transaction};
use names::{AccountId, Keyspace, Region};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What functions of one account's region have set aside of its concurrency, so that a new claim is checked
/// against all others without reading every function.
///
/// Invariant: agrees with every function's `reserved_concurrency` above zero and every
/// [`ProvisionedRecord`](crate::ProvisionedRecord), since it is written in their transactions. Its size is
/// bounded by the account's concurrency: every claim is of one at least.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct ClaimsRecord {
    /// By function name.
    pub reserved: BTreeMap<String, u32>,
    /// By function name, then by version or alias.
    pub provisioned: BTreeMap<String, BTreeMap<String, u32>>,
}

impl Record for ClaimsRecord {
    const KIND: &'static str = "claims on concurrency";
    const VERSION: u8 = 1;
}

/// What is left for functions that reserved nothing, as Lambda has it; all of it where the account has less.
const UNRESERVED_MIN: u32 = 100;

const PAGE: usize = 1000;

impl ClaimsRecord {
    /// All of what the function provisioned.
    pub fn provisioned_of(&self, name: &str) -> u32 {
        self.provisioned.get(name).into_iter().flat_map(BTreeMap::values).sum()
    }

    /// Concurrency that no function has set aside for itself: a function's reserved concurrency holds what
    /// it provisioned.
    pub fn unreserved(&self, account_concurrency: u32) -> u32 {
        let unreserved = |name: &&String| !self.reserved.contains_key(*name);
        let provisioned = self.provisioned.keys().filter(unreserved).map(|name| self.provisioned_of(name));
        let claimed = self.reserved.values().copied().chain(provisioned).fold(0, u32::saturating_add);
        account_concurrency.saturating_sub(claimed)
    }

    /// # Errors
    /// `Invalid`: too little would be left for everyone else. `what` is the member that asks for it.
    pub fn check(&self, account_concurrency: u32, what: &str) -> Result<(), FunctionsError> {
        let least = UNRESERVED_MIN.min(account_concurrency);
        if self.unreserved(account_concurrency) >= least {
            return Ok(());
        }
        Err(FunctionsError::Invalid(format!(
            "Specified {what} for function decreases account's UnreservedConcurrentExecution below its minimum value of [{least}]."
        )))
    }

    pub fn set_reserved(&mut self, id: &FunctionId, reserved: Option<u32>) {
        match reserved {
            Some(reserved @ 1..) => drop(self.reserved.insert(id.name.to_string(), reserved)),
            _ => drop(self.reserved.remove(id.name.as_str())),
        }
    }

    pub fn set_provisioned(&mut self, id: &FunctionId, qualifier: &str, requested: Option<u32>) {
        let of_function = self.provisioned.entry(id.name.to_string()).or_default();
        match requested {
            Some(requested) => drop(of_function.insert(qualifier.to_owned(), requested)),
            None => drop(of_function.remove(qualifier)),
        }
        if of_function.is_empty() {
            self.provisioned.remove(id.name.as_str());
        }
    }

    pub fn forget(&mut self, id: &FunctionId) {
        self.reserved.remove(id.name.as_str());
        self.provisioned.remove(id.name.as_str());
    }
}

/// The claims of an account's region. A store from before they were kept has them with its functions only.
///
/// # Errors
/// The store could not be read.
pub(crate) async fn read(
    from: &impl Read,
    account: &AccountId,
    region: &Region,
) -> Result<ClaimsRecord, FunctionsError> {
    if let Some(claims) = kv::get_record(from, keys::claims(account, region)).await? {
        return Ok(claims);
    }
    let mut claims = ClaimsRecord::default();
    let all = keys::region(Keyspace::Function, account, region);
    let mut range = all.range();
    loop {
        let page = kv::range_records::<FunctionRecord>(from, &range, PAGE).await?;
        for (key, record) in &page {
            if let Some(reserved @ 1..) = record.reserved_concurrency {
                claims
                    .reserved
                    .insert(keys::function_in(Keyspace::Function, key)?.name.to_string(), reserved);
            }
        }
        match page.last() {
            Some((key, _)) if page.len() == PAGE => range = all.range_after(key),
            _ => return Ok(claims),
        }
    }
}

/// Sees to it that there is a record, so that invocations need not read every function for want of one.
///
/// # Errors
/// The store could not be read.
pub(crate) async fn keep(tx: &mut Transaction, id: &FunctionId) -> Result<(), FunctionsError> {
    if tx.get(&keys::claims(&id.account, &id.region)).await?.is_none() {
        let claims = read(tx, &id.account, &id.region).await?;
        write(tx, id, &claims);
    }
    Ok(())
}

pub(crate) fn write(tx: &mut Transaction, id: &FunctionId, claims: &ClaimsRecord) {
    kv::put_record(tx, keys::claims(&id.account, &id.region), claims);
}

#[cfg(test)]
mod tests {
    use super::*;
    use names::FunctionName;

    fn id(name: &str) -> FunctionId {
        let name = FunctionName::parse(name).unwrap();
        FunctionId { account: AccountId::root(), region: Region::default_region(), name }
    }

    #[test]
    fn what_is_reserved_holds_what_is_provisioned() {
        let mut claims = ClaimsRecord::default();
        claims.set_reserved(&id("a"), Some(200));
        claims.set_provisioned(&id("a"), "1", Some(150));
        claims.set_provisioned(&id("b"), "live", Some(30));
        claims.set_provisioned(&id("b"), "2", Some(20));
        assert_eq!((claims.provisioned_of("b"), claims.unreserved(1000)), (50, 750));
        claims.set_provisioned(&id("b"), "live", None);
        claims.set_reserved(&id("a"), None);
        assert_eq!(claims.unreserved(1000), 830);
        claims.set_reserved(&id("a"), Some(0));
        claims.forget(&id("a"));
        claims.set_provisioned(&id("b"), "2", None);
        assert_eq!(claims.unreserved(1000), 1000);
        assert!(claims.provisioned.is_empty() && claims.reserved.is_empty());
    }

    #[test]
    fn something_is_left_for_everyone_else() {
        let check = |reserved: u32, account: u32| {
            let mut claims = ClaimsRecord::default();
            claims.set_reserved(&id("a"), Some(reserved));
            claims.check(account, "ReservedConcurrentExecutions").map_err(|error| error.to_string())
        };
        assert_eq!(check(900, 1000), Ok(()));
        let refused = |least: u32| {
            Err(format!(
                "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [{least}]."
            ))
        };
        assert_eq!(check(901, 1000), refused(100));
        assert_eq!(check(1, 10), refused(10));
    }
}

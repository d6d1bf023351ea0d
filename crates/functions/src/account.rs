use crate::{FunctionRecord, Functions, FunctionsError, claims, code, keys};
use kv::Snapshot;
use names::{AccountId, Keyspace, Region};

/// What an account's region uses and may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountUsage {
    pub functions: u64,
    /// Of all archives on this server, in bytes.
    pub code_bytes: u64,
    pub code_bytes_max: u64,
    pub concurrency_max: u32,
    /// `concurrency_max` without what functions have reserved or provisioned.
    pub concurrency_unreserved: u32,
}

const PAGE: usize = 1000;

impl Functions {
    /// # Errors
    /// The store could not be read.
    pub async fn account_usage(
        &self,
        account: AccountId,
        region: Region,
    ) -> Result<AccountUsage, FunctionsError> {
        let code_bytes = code::total_bytes(&self.kv).await?;
        let concurrency_max = self.config.account_concurrency.of(&account);
        let (functions, concurrency_unreserved) = self
            .kv
            .read(async move |snapshot: &Snapshot| {
                let all = keys::region(Keyspace::Function, &account, &region);
                let mut range = all.range();
                let claims = claims::read(snapshot, &account, &region).await?;
                let mut functions = 0_u64;
                loop {
                    let page = kv::range_records::<FunctionRecord>(snapshot, &range, PAGE).await?;
                    functions += page.len() as u64;
                    match page.last() {
                        Some((key, _)) if page.len() == PAGE => range = all.range_after(key),
                        _ => return Ok::<_, FunctionsError>((functions, claims.unreserved(concurrency_max))),
                    }
                }
            })
            .await?;
        Ok(AccountUsage {
            functions,
            code_bytes,
            code_bytes_max: self.config.code_bytes_max,
            concurrency_max,
            concurrency_unreserved,
        })
    }
}

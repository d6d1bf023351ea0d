use crate::{FunctionId, Functions, FunctionsError, keys, lookup};
use kv::{Snapshot, Transaction};

impl Functions {
    /// Sets aside concurrency for a function and at the same time limits it to that; zero stops it.
    /// `None` takes the setting away.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` beyond the account's concurrency.
    pub async fn put_function_concurrency(
        &self,
        id: FunctionId,
        reserved: Option<u32>,
    ) -> Result<(), FunctionsError> {
        let account = self.config.account_concurrency;
        if reserved.is_some_and(|reserved| reserved > account) {
            return Err(FunctionsError::Invalid(format!(
                "Specified ReservedConcurrentExecutions for function is greater than account's concurrency of [{account}]."
            )));
        }
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let mut record = lookup::function(tx, &id).await?;
                record.reserved_concurrency = reserved;
                kv::put_record(tx, keys::function(&id), &record);
                Ok(())
            })
            .await
    }

    /// # Errors
    /// `NotFound`.
    pub async fn get_function_concurrency(&self, id: FunctionId) -> Result<Option<u32>, FunctionsError> {
        self.kv
            .read(async move |snapshot: &Snapshot| {
                Ok(lookup::function(snapshot, &id).await?.reserved_concurrency)
            })
            .await
    }
}

use crate::{FunctionId, Functions, FunctionsError, claims, keys, lookup};
use kv::{Snapshot, Transaction};

impl Functions {
    /// Sets aside concurrency for a function and at the same time limits it to that; zero stops it.
    /// `None` takes the setting away.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` where too little would be left for other functions, or for what this one has
    /// provisioned.
    pub async fn put_function_concurrency(
        &self,
        id: FunctionId,
        reserved: Option<u32>,
    ) -> Result<(), FunctionsError> {
        let account = self.config.account_concurrency.of(&id.account);
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let mut record = lookup::function(tx, &id).await?;
                let mut claims = claims::read(tx, &id.account, &id.region).await?;
                let provisioned = claims.provisioned_of(id.name.as_str());
                if let Some(reserved) = reserved
                    && reserved < provisioned
                {
                    return Err(FunctionsError::Invalid(format!(
                        "ReservedConcurrentExecutions {reserved} should not be lower than function's total provisioned concurrency [{provisioned}]."
                    )));
                }
                claims.set_reserved(&id, reserved);
                // Giving back is never refused: the limit may have been lowered since.
                if reserved > record.reserved_concurrency {
                    claims.check(account, "ReservedConcurrentExecutions")?;
                }
                claims::write(tx, &id, &claims);
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

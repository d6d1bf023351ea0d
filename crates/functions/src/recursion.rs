use crate::{FunctionId, Functions, FunctionsError, keys, lookup};
use kv::{Snapshot, Transaction};

impl Functions {
    /// Whether the function may be part of a loop of events: by default it is stopped after sixteen runs.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn put_function_recursion_config(
        &self,
        id: FunctionId,
        may_recur: bool,
    ) -> Result<(), FunctionsError> {
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let mut record = lookup::function(tx, &id).await?;
                record.may_recur = may_recur;
                kv::put_record(tx, keys::function(&id), &record);
                Ok(())
            })
            .await
    }

    /// # Errors
    /// `NotFound`.
    pub async fn get_function_recursion_config(&self, id: FunctionId) -> Result<bool, FunctionsError> {
        self.kv
            .read(async move |snapshot: &Snapshot| Ok(lookup::function(snapshot, &id).await?.may_recur))
            .await
    }
}

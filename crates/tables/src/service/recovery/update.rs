use crate::keys;
use crate::service::{Tables, TablesError, history};
use crate::table::{Recovery, TableId};
use kv::{Snapshot, Transaction};

impl Tables {
    /// Lets the table be recovered as it was at any second of the last `days`, or no more. A period that is changed
    /// keeps what is known already.
    ///
    /// # Errors
    /// `TableNotFound`, `InUse`; the store fails.
    pub async fn update_recovery(
        &self,
        id: TableId,
        days: Option<u32>,
    ) -> Result<Option<Recovery>, TablesError> {
        let (known, now) = (self.known.clone(), self.clock.now());
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let table = known.find(tx, &id).await?;
                let table = table.ok_or_else(|| TablesError::TableNotFound(id.name.to_string()))?;
                if table.record.is_creating {
                    return Err(TablesError::InUse(format!("Table is being created: {}", id.name)));
                }
                let mut record = table.record.clone();
                let is = record.history.as_ref().and_then(|history| history.recovery);
                let recovery = days.map(|days| Recovery { since: is.map_or(now, |is| is.since), days });
                match recovery {
                    Some(recovery) => history::begin_recovery(tx, &mut record, recovery).await?,
                    None => history::end_recovery(tx, &mut record),
                }
                kv::put_record(tx, keys::table(&id), &record);
                Ok(recovery)
            })
            .await
    }

    /// `None`: it cannot be recovered.
    ///
    /// # Errors
    /// `TableNotFound`; the store fails.
    pub async fn recovery(&self, id: TableId) -> Result<Option<Recovery>, TablesError> {
        let known = self.known.clone();
        self.kv
            .read(async move |from: &Snapshot| {
                let table = known.find(from, &id).await?;
                let table = table.ok_or_else(|| TablesError::TableNotFound(id.name.to_string()))?;
                Ok(table.record.history.as_ref().and_then(|history| history.recovery))
            })
            .await
    }
}

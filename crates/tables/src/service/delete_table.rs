use super::{TableInfo, Tables, TablesError, history, stream};
use crate::Refusal;
use crate::keys;
use crate::table::TableId;
use kv::Transaction;

impl Tables {
    /// The table is gone, and its name free, as soon as this answers; its items are removed by
    /// [`Tables::sweep`].
    ///
    /// # Errors
    /// `NoSuchTable`, `Refused` where it is protected, `InUse` while an index is made; the store fails.
    pub async fn delete_table(&self, id: TableId) -> Result<TableInfo, TablesError> {
        let (known, now) = (self.known.clone(), self.clock.now());
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let mut record = known.table(tx, &id).await?.record.clone();
                if record.deletion_protection {
                    return Err(TablesError::Refused(Refusal::validation(
                        "Resource cannot be deleted as it is currently protected against deletion. Disable deletion \
                         protection first.",
                    )));
                }
                super::update_table::refuse_updating(&id, &record)?;
                history::refuse_copied(&id, &record)?;
                history::end(tx, &mut record);
                let number = record.number;
                stream::end(tx, &id, &mut record, now).await?;
                let info = TableInfo::read(tx, id.clone(), record).await?;
                tx.delete(keys::table(&id));
                tx.delete(keys::time_to_live(number));
                super::resource_policy::forget(tx, &id).await?;
                tx.put(keys::gone(number, keys::WHOLE), Vec::new());
                Ok(info)
            })
            .await
    }
}

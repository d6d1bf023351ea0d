use super::describe::find;
use super::{Import, ImportPlan, ImportProgress, ImportRecord};
use crate::keys;
use crate::service::items::Token;
use crate::service::transfer;
use crate::service::{Tables, TablesError, create_table};
use crate::table::{CreateTable, Transfer};
use kv::Transaction;

/// Under way at once in an account and region
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataImport.Validation.html>).
pub const IMPORTS_MAX: usize = 50;

#[derive(Debug, Clone)]
pub struct ImportTable {
    pub create: CreateTable,
    pub plan: ImportPlan,
    pub token: Option<Token>,
}

impl Tables {
    /// Makes the table, which can be used when the import is done.
    ///
    /// # Errors
    /// `Refused`, `TableExists`, `ImportConflict`, `TooMany`; the store fails.
    pub async fn import_table(&self, request: ImportTable) -> Result<Import, TablesError> {
        request.create.check()?;
        let (now, uuid, clock) = (self.clock.now(), self.clock.uuid(), self.clock.clone());
        let id = transfer::new_id(Transfer::Import, request.create.table.clone(), &self.clock);
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let token = request.token.as_ref();
                let conflict = TablesError::ImportConflict(
                    "The client token was used before for an import with other parameters",
                );
                if let Some(known) = transfer::known(tx, Transfer::Import, token, conflict, now).await? {
                    return Ok(Import { record: find(tx, &known).await?, id: known });
                }
                transfer::refuse_too_many(tx, Transfer::Import, &id.table, IMPORTS_MAX).await?;
                let mut table = create_table::make(tx, &request.create, &uuid, &clock).await?;
                table.is_creating = true;
                kv::put_record(tx, keys::table(&id.table), &table);
                let number = table.number;
                let import = ImportRecord {
                    table,
                    plan: request.plan.clone(),
                    token: token.map(|token| token.text.clone()),
                    started: now,
                    ended: None,
                    progress: ImportProgress::default(),
                    failure: None,
                };
                transfer::forget_old::<ImportRecord>(tx, Transfer::Import, &id.table, now).await?;
                transfer::remember(tx, &id, token, now).await?;
                transfer::note_work(tx, &id, number);
                kv::put_record(tx, keys::transfer(&id), &import);
                Ok(Import { id: id.clone(), record: import })
            })
            .await
    }
}

use super::change::{count, entry};
use super::row;
use crate::key::KeySchema;
use crate::service::TablesError;
use crate::service::known::Table;
use crate::table::Index;
use kv::{Read, Transaction};

/// Takes a row of the table into an index that is being filled, if it is not there yet. What does not fit the
/// index's key is left out, as DynamoDB does it.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.OnlineOps.html>
///
/// # Errors
/// `Corrupt`; the store fails.
pub(in crate::service) async fn index_item(
    tx: &mut Transaction,
    table: &Table,
    (index, schema): (&Index, &KeySchema),
    stored: &[u8],
) -> Result<(), TablesError> {
    let item = row::decode(stored)?;
    let key = table.key.of_item(item)?;
    let Ok(Some((place, held))) = entry(table, (index, schema), &key, item) else { return Ok(()) };
    if tx.get(&place).await?.is_some() {
        return Ok(());
    }
    count(tx, table.number, index.number, None, Some(held.view().size())).await?;
    tx.put(&place, row::encode(held.view()));
    Ok(())
}

use super::change::{count, entry};
use super::{Collection, row};
use crate::key::KeySchema;
use crate::service::TablesError;
use crate::service::known::Table;
use crate::table::{Index, IndexKind};
use kv::{Read, Transaction};

/// Takes a row of the table into all its indexes, where it is in none of them, and into its item collection.
///
/// # Errors
/// As [`index_item`].
pub(in crate::service) async fn index_new(
    tx: &mut Transaction,
    table: &Table,
    stored: &[u8],
) -> Result<(), TablesError> {
    let item = row::decode(stored)?;
    let key = table.key.of_item(item)?;
    let mut bytes = i64::from(item.size());
    for (index, schema) in table.indexes() {
        let Ok(Some((place, held))) = entry(table, (index, schema), &key, item) else { continue };
        let size = held.view().size();
        count(tx, table.number, index.number, None, Some(size)).await?;
        tx.put(&place, row::encode(held.view()));
        if index.kind == IndexKind::Local {
            bytes = bytes.saturating_add(size.into());
        }
    }
    if Collection::is_kept(table) {
        Collection::grow(tx, table, &key, item, bytes).await?;
    }
    Ok(())
}

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

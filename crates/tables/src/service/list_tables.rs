use super::{Tables, TablesError};
use crate::keys;
use crate::table::TableName;
use kv::{Read, Snapshot};
use names::key::KeyParts;
use names::{AccountId, Keyspace, Region};

/// Names in ascending order.
#[derive(Debug, Clone, Default)]
pub struct TablePage {
    pub names: Vec<String>,
    /// Where the next page begins after, if there is one.
    pub last: Option<String>,
}

impl Tables {
    /// At most `limit` of an account's tables in a region, after `start`.
    ///
    /// # Errors
    /// The store fails.
    pub async fn list_tables(
        &self,
        account: AccountId,
        region: Region,
        start: Option<TableName>,
        limit: usize,
    ) -> Result<TablePage, TablesError> {
        self.kv
            .read(async move |snapshot: &Snapshot| {
                let all = keys::tables(&account, &region);
                let range = match &start {
                    Some(start) => all.range_after(&all.clone().text(start.as_str())),
                    None => all.range(),
                };
                let mut found = snapshot.range(&range, limit.saturating_add(1)).await?;
                let has_more = found.len() > limit;
                found.truncate(limit);
                let names: Vec<String> = found.iter().filter_map(|(key, _)| name(key)).collect();
                let last = names.last().filter(|_| has_more).cloned();
                Ok(TablePage { names, last })
            })
            .await
    }
}

fn name(key: &[u8]) -> Option<String> {
    let mut parts = KeyParts::of(Keyspace::Table, key).ok()?;
    parts.text().ok()?;
    parts.text().ok()?;
    parts.text().ok()
}

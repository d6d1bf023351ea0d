use crate::keys;
use crate::service::{Tables, TablesError};
use crate::table::{StreamId, TableId, TableName};
use kv::{Read, Snapshot};
use names::key::KeyParts;
use names::{AccountId, Keyspace, Region};

/// By their tables' names, then by age.
#[derive(Debug, Clone, Default)]
pub struct StreamPage {
    pub streams: Vec<StreamId>,
    pub has_more: bool,
}

impl Tables {
    /// At most `limit` of an account's streams in a region, or of one table's, after `start`.
    ///
    /// # Errors
    /// The store fails.
    pub async fn list_streams(
        &self,
        account: AccountId,
        region: Region,
        table: Option<TableName>,
        start: Option<StreamId>,
        limit: usize,
    ) -> Result<StreamPage, TablesError> {
        self.kv
            .read(async move |snapshot: &Snapshot| {
                let all = match &table {
                    Some(name) => keys::streams_of(&TableId {
                        account: account.clone(),
                        region: region.clone(),
                        name: name.clone(),
                    }),
                    None => keys::streams(&account, &region),
                };
                let range = match &start {
                    Some(start) => all.range_after(&keys::stream(start)),
                    None => all.range(),
                };
                let mut found = snapshot.range(&range, limit.saturating_add(1)).await?;
                let has_more = found.len() > limit;
                found.truncate(limit);
                Ok(StreamPage { streams: found.iter().filter_map(|(key, _)| id(key)).collect(), has_more })
            })
            .await
    }
}

pub(super) fn id(key: &[u8]) -> Option<StreamId> {
    let mut parts = KeyParts::of(Keyspace::TableStream, key).ok()?;
    let table = TableId {
        account: AccountId::parse(&parts.text().ok()?).ok()?,
        region: Region::parse(&parts.text().ok()?).ok()?,
        name: TableName::parse(&parts.text().ok()?).ok()?,
    };
    Some(StreamId { table, label: parts.text().ok()? })
}

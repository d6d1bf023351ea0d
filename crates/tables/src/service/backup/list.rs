use super::{Backup, BackupRecord};
use crate::keys;
use crate::service::{Tables, TablesError};
use crate::table::{BackupId, TableId, TableName};
use clock::Timestamp;
use kv::{Read, Snapshot};
use names::key::KeyParts;
use names::{AccountId, Keyspace, Region};

/// Backups read from the store at once, and looked at for one page.
const STEP: usize = 100;
const LOOKED_AT_MAX: usize = 10_000;

/// Which of an account's backups in a region.
#[derive(Debug, Clone, Default)]
pub struct BackupFilter {
    pub table: Option<TableName>,
    /// Made then or later.
    pub from: Option<Timestamp>,
    /// Made before.
    pub until: Option<Timestamp>,
}

/// By their tables' names, then by age.
#[derive(Debug, Clone, Default)]
pub struct BackupPage {
    pub backups: Vec<Backup>,
    /// Where the next page begins after, if there is one.
    pub last: Option<BackupId>,
}

impl Tables {
    /// At most `limit` of them, after `start`.
    ///
    /// # Errors
    /// The store fails.
    pub async fn list_backups(
        &self,
        account: AccountId,
        region: Region,
        filter: BackupFilter,
        start: Option<BackupId>,
        limit: usize,
    ) -> Result<BackupPage, TablesError> {
        self.kv
            .read(async move |from: &Snapshot| {
                let all = match filter.table.clone() {
                    Some(name) => {
                        keys::backups_of(&TableId { account: account.clone(), region: region.clone(), name })
                    }
                    None => keys::backups(&account, &region),
                };
                let mut range = match &start {
                    Some(start) => all.range_after(&keys::backup(start)),
                    None => all.range(),
                };
                let (mut page, mut looked_at) = (BackupPage::default(), 0);
                loop {
                    let found = from.range(&range, STEP).await?;
                    for (key, stored) in &found {
                        if page.backups.len() >= limit || looked_at >= LOOKED_AT_MAX {
                            return Ok(page);
                        }
                        range.start = [key, &[0][..]].concat();
                        looked_at += 1;
                        let record = kv::record::decode::<BackupRecord>(stored)?;
                        let Some(id) = id(key) else { continue };
                        page.last = Some(id.clone());
                        if filter.from.is_none_or(|from| record.created >= from)
                            && filter.until.is_none_or(|until| record.created < until)
                        {
                            page.backups.push(Backup { id, record });
                        }
                    }
                    if found.len() < STEP {
                        return Ok(BackupPage { last: None, ..page });
                    }
                }
            })
            .await
    }
}

fn id(key: &[u8]) -> Option<BackupId> {
    let mut parts = KeyParts::of(Keyspace::TableBackup, key).ok()?;
    let table = TableId {
        account: AccountId::parse(&parts.text().ok()?).ok()?,
        region: Region::parse(&parts.text().ok()?).ok()?,
        name: TableName::parse(&parts.text().ok()?).ok()?,
    };
    Some(BackupId { table, id: parts.text().ok()? })
}

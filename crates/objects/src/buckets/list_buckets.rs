use super::{BucketInfo, BucketRef};
use crate::{BucketName, Objects, ObjectsError, keys};
use kv::{Read, Snapshot};
use names::{AccountId, Keyspace, Region};

#[derive(Debug, Clone)]
pub struct ListBuckets {
    pub owner: AccountId,
    pub prefix: String,
    /// Only those of this region.
    pub region: Option<Region>,
    /// The last name of the page before.
    pub after: Option<String>,
    /// 1–10,000.
    pub max: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketPage {
    /// In order of name.
    pub buckets: Vec<BucketInfo>,
    /// There are more after the last one.
    pub truncated: bool,
}

impl Objects {
    /// # Errors
    /// The store could not be read.
    pub async fn list_buckets(&self, request: ListBuckets) -> Result<BucketPage, ObjectsError> {
        self.kv
            .read(async move |read: &Snapshot| {
                let ListBuckets { owner, prefix, region, after, max } = &request;
                let all = keys::account_buckets(owner);
                let wanted = all.clone().text_prefix(prefix);
                let range = match after {
                    Some(after) => wanted.range_after(&all.text(after)),
                    None => wanted.range(),
                };
                let mut page = BucketPage { buckets: Vec::new(), truncated: false };
                for (key, _) in read.range(&range, super::create_bucket::BUCKETS_MAX).await? {
                    let name = BucketName::parse(&name_in(&key)?)?;
                    let bucket = BucketRef { name: name.clone(), expected_owner: None };
                    let record = bucket.record(read).await?;
                    if region.as_ref().is_some_and(|region| *region != record.region) {
                        continue;
                    }
                    if page.buckets.len() >= *max {
                        page.truncated = true;
                        break;
                    }
                    page.buckets.push(BucketInfo::of(name, &record));
                }
                Ok(page)
            })
            .await
    }
}

fn name_in(key: &[u8]) -> Result<String, ObjectsError> {
    let corrupt = |error: names::NameError| kv::KvError::Corrupt { kind: "bucket index", reason: error.0 };
    let mut parts = names::key::KeyParts::of(Keyspace::AccountBucket, key).map_err(corrupt)?;
    parts.text().map_err(corrupt)?;
    Ok(parts.text().map_err(corrupt)?)
}

use crate::notification::NotificationConfiguration;
use crate::record::BucketRecord;
use crate::{BucketName, Objects, ObjectsError, TagSet, keys};
use kv::{Read, Transaction};
use names::{AccountId, Region};

/// Buckets of one account, as the published quota has it.
pub const BUCKETS_MAX: usize = 10_000;

#[derive(Debug, Clone)]
pub struct CreateBucket {
    pub name: BucketName,
    pub owner: AccountId,
    pub region: Region,
    pub tags: TagSet,
}

impl Objects {
    /// Names are shared by all accounts.
    ///
    /// # Errors
    /// `BucketAlreadyExists`; `BucketAlreadyOwnedByYou`, except that in `us-east-1` creating one's own
    /// bucket again succeeds and changes nothing, as S3 has kept it there; `TooManyBuckets`.
    pub async fn create_bucket(&self, request: CreateBucket) -> Result<(), ObjectsError> {
        let now = self.clock.now().truncated_to_seconds();
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let CreateBucket { name, owner, region, tags } = &request;
                let place = keys::bucket(name);
                if let Some(existing) = kv::get_record::<BucketRecord>(tx, &place).await? {
                    let same_place = existing.region == *region && *region == Region::default_region();
                    return match (existing.owner == *owner, same_place) {
                        (false, _) => Err(ObjectsError::BucketAlreadyExists),
                        (true, false) => Err(ObjectsError::BucketAlreadyOwnedByYou),
                        (true, true) => Ok(()),
                    };
                }
                let mine = tx.range(&keys::account_buckets(owner).range(), BUCKETS_MAX).await?;
                if mine.len() >= BUCKETS_MAX {
                    return Err(ObjectsError::TooManyBuckets { max: BUCKETS_MAX });
                }
                let record = BucketRecord {
                    owner: owner.clone(),
                    region: region.clone(),
                    created: now,
                    tags: tags.clone(),
                    notifications: NotificationConfiguration::default(),
                };
                kv::put_record(tx, &place, &record);
                tx.put(keys::account_bucket(owner, name), Vec::new());
                Ok(())
            })
            .await
    }
}

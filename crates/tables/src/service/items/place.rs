use crate::key::EncodedKey;
use crate::keys;
use aws_lc_rs::digest;
use names::Key;

/// Bytes of an item's key up to which an index's entry carries it whole; longer ones by their digest, since a row's
/// key is bounded too.
const WHOLE_MAX: usize = 1_500;

/// Where an item lies in its table. Partitions are spread by a hash, so that a scan can be divided evenly.
pub(in crate::service) fn item(table: u64, key: &EncodedKey) -> Key {
    partition(keys::items(table), &key.partition).ended(&key.sort)
}

/// Where an index's entry for an item lies. `key`: the item's in the index.
pub(super) fn entry(table: u64, index: u32, key: &EncodedKey, of_item: &EncodedKey) -> Key {
    let place = partition(keys::entries(table, index), &key.partition).ended(&key.sort);
    let (partition, sort) = (&of_item.partition, &of_item.sort);
    if partition.len() + sort.len() <= WHOLE_MAX {
        return place.ended(&[0]).ended(partition).ended(sort);
    }
    let mut digest = digest::Context::new(&digest::SHA256);
    digest.update(partition);
    digest.update(sort);
    place.ended(&[1]).ended(digest.finish().as_ref())
}

/// All of one partition begins with this.
pub(super) fn partition(base: Key, encoded: &[u8]) -> Key {
    base.number(hash(encoded)).ended(encoded)
}

/// Never changes: rows lie by it.
pub(crate) fn hash(encoded: &[u8]) -> u64 {
    let digest = digest::digest(&digest::SHA256, encoded);
    digest.as_ref().first_chunk::<8>().map_or(0, |first| u64::from_be_bytes(*first))
}

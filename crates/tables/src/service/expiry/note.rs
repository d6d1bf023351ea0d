use crate::keys;
use crate::service::known::Table;
use crate::value::ItemRef;
use kv::Transaction;
use names::Key;

/// Notes when what is now at `place` expires, in the place of when what was there did.
pub(crate) fn note(
    tx: &mut Transaction,
    table: &Table,
    place: &Key,
    old: Option<ItemRef<'_>>,
    new: Option<ItemRef<'_>>,
) {
    let Some(attribute) = attribute(table) else { return };
    let second = |item: Option<ItemRef<'_>>| item.and_then(|item| second(item, attribute));
    let (before, after) = (second(old), second(new));
    if before == after {
        return;
    }
    if let Some(before) = before {
        tx.delete(keys::expiry(table.number, before, within(table.number, place)));
    }
    if let Some(after) = after {
        tx.put(keys::expiry(table.number, after, within(table.number, place)), Vec::new());
    }
}

/// That tells when items expire, where it must be noted.
pub(super) fn attribute(table: &Table) -> Option<&str> {
    let kept = table.record.time_to_live.as_ref().filter(|kept| kept.is_kept())?;
    Some(&kept.attribute)
}

/// When an item expires; `None`: never, since the attribute is not there or holds no such number.
pub(super) fn second(item: ItemRef<'_>, attribute: &str) -> Option<u64> {
    item.get(attribute)?.as_number()?.whole()
}

/// A place without what all of its table have in common.
pub(super) fn within(table: u64, place: &[u8]) -> &[u8] {
    place.get(keys::items(table).len()..).unwrap_or_default()
}

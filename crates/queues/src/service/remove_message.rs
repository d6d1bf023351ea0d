use super::work::{Work, less};
use crate::QueuesError;
use crate::group::Group;
use crate::keys::{self, Place};
use crate::message::{self, Message};
use kv::{Read, Transaction};

/// Removes a message, wherever it stands.
pub(super) async fn remove(
    tx: &mut Transaction,
    work: &mut Work,
    place: Place,
    message: &Message,
) -> Result<(), QueuesError> {
    let waiting = keys::waiting(work.number, message.due, place.sequence);
    let is_waiting = tx.get(&waiting).await?.is_some();
    let is_leased = is_waiting && message.count > 0;
    if is_waiting {
        tx.delete(&waiting);
    }
    match (is_waiting, is_leased) {
        (false, _) => less(&mut work.count.visible),
        (true, true) => less(&mut work.count.in_flight),
        (true, false) => less(&mut work.count.delayed),
    }
    if work.is_fifo() {
        let name = message.group.as_deref().unwrap_or_default();
        tx.delete(keys::in_line(work.number, name, place.sequence));
        let mut group = Group::read(tx, work.number, name).await?;
        less(&mut group.length);
        if is_leased {
            less(&mut group.in_flight);
        }
        if group.ready.is_some_and(|(_, sequence)| sequence == place.sequence) {
            group.withdraw(tx, work.number);
        }
        group.offer(tx, work.number, name, work.now).await?;
        work.has_arrivals |= group.ready.is_some();
        group.write(tx, work.number, name);
    } else {
        if !is_waiting {
            tx.delete(message.ready_key(work.number, place));
        }
        if let Some(name) = message.group.as_deref() {
            let mut group = Group::read(tx, work.number, name).await?;
            less(&mut group.length);
            group.write(tx, work.number, name);
        }
    }
    message::forget(tx, work.number, place, message);
    Ok(())
}

use super::settle::Waiting;
use super::work::Work;
use crate::QueuesError;
use crate::group::{Group, pair};
use crate::keys::{self, Place};
use crate::message::{self, Message};
use kv::Transaction;

/// Puts a new message into a queue: available from `message.due` on.
pub(super) async fn place(
    tx: &mut Transaction,
    work: &mut Work,
    sent: u64,
    mut message: Message,
    body: &[u8],
) -> Result<Place, QueuesError> {
    let place = Place { sent, sequence: work.next_sequence() };
    let is_delayed = message.due > work.now;
    work.has_arrivals = true;
    match is_delayed {
        true => work.count.delayed += 1,
        false => work.count.visible += 1,
    }
    let group = message.group.clone().unwrap_or_default();
    if work.is_fifo() {
        tx.put(keys::in_line(work.number, &group, place.sequence), pair(sent, message.due));
        let mut kept = Group::read(tx, work.number, &group).await?;
        kept.length += 1;
        kept.offer(tx, work.number, &group, work.now).await?;
        kept.write(tx, work.number, &group);
    } else {
        message.order = work.order(tx, message.group.as_deref()).await?;
        if !is_delayed {
            tx.put(message.ready_key(work.number, place), sent.to_be_bytes().to_vec());
        }
    }
    if is_delayed {
        let group = if work.is_fifo() { group } else { String::new() };
        let waiting = Waiting { is_leased: false, sent, order: message.order, group };
        tx.put(keys::waiting(work.number, message.due, place.sequence), waiting.encode());
    }
    message::write(tx, work.number, place, &message, body)?;
    Ok(place)
}

//! From the log of object changes to asynchronous invocations, to queues and to topics.

mod to_queue;
mod to_topic;

pub use to_queue::lets_in as bucket_may_send;
pub use to_topic::lets_in as bucket_may_publish;

use crate::{Triggers, cursor, object_event};
use bytes::Bytes;
use clock::Timestamp;
use functions::{Admission, AsyncEvent, FunctionId, Use};
use kv::{KvError, Snapshot, Transaction};
use names::{Arn, FunctionReference, Qualifier};
use objects::Delivery;
use objects::change::{self, ObjectChange};
use queues::QueueId;
use std::time::Duration;
use tokio::sync::watch;
use topics::TopicId;

/// The name of the log's cursor. Never changed: data directories live for years.
const LOG: &str = "object changes";

/// Changes handed on in one transaction. With 100 deliveries each and some 2 KiB an event, a batch stays
/// far below what one transaction may hold.
const BATCH: usize = 32;

/// Functions whose held changes one round looks at; the others have their turn in the next one.
const FUNCTIONS_MAX: usize = 64;

/// The rest after the store failed, and between two looks at whether there is room for what is held.
const REST: Duration = Duration::from_secs(1);

/// How often a change may fail us by itself before it is set aside.
const STRIKES_MAX: u32 = 3;

pub(crate) async fn run(triggers: Triggers, mut stop: watch::Receiver<bool>) {
    // Made before the first look, so that no change is missed.
    let mut changes = triggers.kv.watch(&change::prefix());
    let mut strikes = 0;
    // The function whose held changes were looked at last.
    let mut last_held = None;
    while !*stop.borrow_and_update() {
        let limit = if strikes > 0 { 1 } else { BATCH };
        let handed_on = match hand_on(&triggers, limit).await {
            Ok(handed_on) => {
                strikes = 0;
                handed_on
            }
            Err(error) => {
                tracing::error!(%error, "changes of objects cannot be handed on");
                // One of the batch is to blame: they go one by one until it is found.
                strikes += u32::from(error.is_unreadable());
                if strikes > STRIKES_MAX {
                    set_first_aside(&triggers, &error).await;
                    strikes = 0;
                }
                triggers.clock.sleep(REST).await;
                continue;
            }
        };
        let held = match hand_on_held(&triggers, &mut last_held).await {
            Ok(held) => held,
            Err(error) => {
                tracing::error!(%error, "changes that were held back cannot be handed on");
                Held { handed_on: 0, left: true }
            }
        };
        if handed_on == 0 && held.handed_on == 0 {
            tokio::select! {
                () = changes.changed() => {}
                () = triggers.clock.sleep(REST), if held.left => {}
                // An error means that nobody can stop us any more: go on until dropped.
                Ok(()) = stop.changed() => {}
            }
        }
    }
}

/// Hands on the next changes, all in one transaction with forgetting them, and tells how many there were.
async fn hand_on(triggers: &Triggers, limit: usize) -> Result<usize, KvError> {
    let handing = triggers.clone();
    triggers
        .kv
        .transact(async move |tx: &mut Transaction| {
            let after = cursor::get(tx, LOG).await?;
            let changes = change::read_after(tx, after, limit).await?;
            let now = handing.clock.now();
            let mut read = Vec::with_capacity(changes.len());
            for (sequence, change) in &changes {
                match change {
                    Ok(change) => {
                        for delivery in &change.deliveries {
                            let target = delivery.target.to_string();
                            // Nothing overtakes what is held.
                            let held = change::is_held(tx, &target).await?
                                || !deliver(tx, change, delivery, &handing, now).await?;
                            if held {
                                change::hold(tx, change, delivery).await?;
                            }
                        }
                        read.push(*sequence);
                    }
                    Err(error) => {
                        tracing::error!(sequence, %error, "a change was set aside");
                        change::set_aside(tx, *sequence, &error.to_string(), now).await?;
                    }
                }
            }
            change::forget(tx, &read).await?;
            if let Some((last, _)) = changes.last() {
                cursor::put(tx, LOG, *last);
            }
            Ok(changes.len())
        })
        .await
}

/// Sets the change aside that the hand-over stumbles over.
async fn set_first_aside(triggers: &Triggers, why: &KvError) {
    let (clock, why) = (triggers.clock.clone(), why.to_string());
    let aside = triggers
        .kv
        .transact(async move |tx: &mut Transaction| {
            let after = cursor::get(tx, LOG).await?;
            for (sequence, _) in change::read_after(tx, after, 1).await? {
                tracing::error!(sequence, why, "a change was set aside");
                change::set_aside(tx, sequence, &why, clock.now()).await?;
                cursor::put(tx, LOG, sequence);
            }
            Ok::<_, KvError>(())
        })
        .await;
    if let Err(error) = aside {
        tracing::error!(%error, "the change could not be set aside either");
    }
}

struct Held {
    handed_on: usize,
    /// Some are still held.
    left: bool,
}

/// Hands on what was held back, as far as there is room now, of each function in turn. `last` is the one
/// that was looked at last.
async fn hand_on_held(triggers: &Triggers, last: &mut Option<String>) -> Result<Held, KvError> {
    let mut held = Held { handed_on: 0, left: false };
    for _ in 0..FUNCTIONS_MAX {
        let after = last.take();
        let (kv, from_first) = (&triggers.kv, after.is_none());
        let next = kv.read(async move |from: &Snapshot| change::next_held(from, after.as_deref()).await);
        let Some(function) = next.await? else {
            // From the first one again, next time.
            held.left |= !from_first;
            return Ok(held);
        };
        held.left = true;
        held.handed_on += hand_on_held_of(triggers, &function).await?;
        *last = Some(function);
        if held.handed_on >= BATCH {
            break;
        }
    }
    Ok(held)
}

/// As many as there is room for, at most a batch.
async fn hand_on_held_of(triggers: &Triggers, function: &str) -> Result<usize, KvError> {
    let (kv, handing) = (&triggers.kv, triggers.clone());
    let of = function.to_owned();
    let handed_on = async move |tx: &mut Transaction| deliver_held(tx, &of, &handing).await;
    match kv.transact(handed_on).await {
        Err(error) if error.is_unreadable() => {
            tracing::error!(function, %error, "the first change that was held back was set aside");
            let (of, why, now) = (function.to_owned(), error.to_string(), triggers.clock.now());
            kv.transact(async move |tx: &mut Transaction| {
                for (sequence, _) in change::held(tx, &of, 1).await? {
                    change::set_held_aside(tx, &of, sequence, &why, now).await?;
                }
                Ok(1)
            })
            .await
        }
        other => other,
    }
}

async fn deliver_held(tx: &mut Transaction, function: &str, triggers: &Triggers) -> Result<usize, KvError> {
    let now = triggers.clock.now();
    let mut handed_on = 0;
    for (sequence, change) in change::held(tx, function, BATCH).await? {
        match change {
            Ok(mut change) => {
                let deliveries = std::mem::take(&mut change.deliveries);
                for delivery in deliveries {
                    if !deliver(tx, &change, &delivery, triggers, now).await? {
                        change.deliveries.push(delivery);
                    }
                }
                if !change.deliveries.is_empty() {
                    return Ok(handed_on);
                }
                change::forget_held(tx, function, sequence).await?;
            }
            Err(error) => {
                tracing::error!(sequence, %error, "a change that was held back was set aside");
                change::set_held_aside(tx, function, sequence, &error.to_string(), now).await?;
            }
        }
        handed_on += 1;
    }
    Ok(handed_on)
}

/// False when there is no room for the event: nothing has happened then.
async fn deliver(
    tx: &mut Transaction,
    change: &ObjectChange,
    delivery: &Delivery,
    triggers: &Triggers,
    now: Timestamp,
) -> Result<bool, KvError> {
    let arn = delivery.target.to_string();
    if let Some(queue) = QueueId::of_arn(&delivery.target) {
        return to_queue::deliver(tx, change, delivery, triggers, &queue).await.map(|()| true);
    }
    if let Some(topic) = TopicId::of_arn(&delivery.target) {
        return to_topic::deliver(tx, change, delivery, triggers, &topic).await.map(|()| true);
    }
    let Some((id, qualifier)) = target(&arn) else {
        tracing::error!(arn, "a notification names no function; its event is dropped");
        return Ok(true);
    };
    if !may_invoke(tx, change, &id, qualifier.as_ref()).await? {
        tracing::warn!(arn, bucket = change.bucket.as_str(), "no policy lets the bucket invoke the function");
        return Ok(true);
    }
    let event = AsyncEvent {
        request_id: triggers.clock.uuid(),
        id,
        qualifier,
        payload: Bytes::from(object_event::event(change, delivery).to_string()),
        client_context: None,
        trace_id: change.trace_id.clone(),
        // In order per key, for each function by itself.
        order: Some(format!("{arn} {}/{}", change.bucket.as_str(), change.key.as_str())),
    };
    Ok(functions::enqueue(tx, &event, &triggers.bounds, now).await? == Admission::Accepted)
}

/// The function's policy must let S3 invoke it for this bucket at the moment of the hand-over: a configuration may have
/// been put without asking, and permissions end.
async fn may_invoke(
    tx: &Transaction,
    change: &ObjectChange,
    function: &FunctionId,
    qualifier: Option<&Qualifier>,
) -> Result<bool, KvError> {
    let bucket = Arn::s3(change.bucket.as_str()).to_string();
    let wanted = Use {
        action: "InvokeFunction",
        service: Some("s3.amazonaws.com"),
        source_arn: Some(&bucket),
        source_account: Some(&change.bucket_owner),
        function_url_auth_type: None,
    };
    functions::allows(tx, function, qualifier, &wanted).await
}

fn target(arn: &str) -> Option<(FunctionId, Option<Qualifier>)> {
    let FunctionReference { account, region, name, qualifier } = FunctionReference::parse(arn).ok()?;
    Some((FunctionId { account: account?, region: region?, name }, qualifier))
}

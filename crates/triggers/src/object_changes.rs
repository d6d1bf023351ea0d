//! From the log of object changes to asynchronous invocations.

use crate::{cursor, object_event};
use bytes::Bytes;
use clock::{Clock, Timestamp};
use functions::{AsyncEvent, FunctionId, Use};
use kv::{Kv, KvError, Transaction};
use names::{Arn, FunctionReference, Qualifier};
use objects::Delivery;
use objects::change::{self, ObjectChange};
use std::time::Duration;
use tokio::sync::watch;

/// The name of the log's cursor. Never changed: data directories live for years.
const LOG: &str = "object changes";

/// Changes handed on in one transaction. With 100 deliveries each and some 2 KiB an event, a batch stays
/// far below what one transaction may hold.
const BATCH: usize = 32;

/// The rest after the store failed.
const REST: Duration = Duration::from_secs(1);

pub(crate) async fn run(kv: Kv, clock: Clock, mut stop: watch::Receiver<bool>) {
    // Made before the first look, so that no change is missed.
    let mut changes = kv.watch(&change::prefix());
    while !*stop.borrow_and_update() {
        let idle = match hand_on(&kv, &clock).await {
            Ok(handed_on) => handed_on == 0,
            Err(error) => {
                tracing::error!(%error, "changes of objects cannot be handed on");
                clock.sleep(REST).await;
                continue;
            }
        };
        if idle {
            tokio::select! {
                () = changes.changed() => {}
                // An error means that nobody can stop us any more: go on until dropped.
                Ok(()) = stop.changed() => {}
            }
        }
    }
}

/// Hands on the next changes, all in one transaction with forgetting them, and tells how many there were.
async fn hand_on(kv: &Kv, clock: &Clock) -> Result<usize, KvError> {
    let clock = clock.clone();
    kv.transact(async move |tx: &mut Transaction| {
        let after = cursor::get(tx, LOG).await?;
        let changes = change::read_after(tx, after, BATCH).await?;
        let now = clock.now();
        for change in &changes {
            for delivery in &change.deliveries {
                deliver(tx, change, delivery, &clock, now).await?;
            }
            change::forget(tx, change.sequence);
        }
        if let Some(last) = changes.last() {
            cursor::put(tx, LOG, last.sequence);
        }
        Ok(changes.len())
    })
    .await
}

async fn deliver(
    tx: &mut Transaction,
    change: &ObjectChange,
    delivery: &Delivery,
    clock: &Clock,
    now: Timestamp,
) -> Result<(), KvError> {
    let arn = delivery.function.to_string();
    let Some((id, qualifier)) = target(&arn) else {
        tracing::error!(arn, "a notification names no function; its event is dropped");
        return Ok(());
    };
    if !may_invoke(tx, change, &id, qualifier.as_ref()).await? {
        tracing::warn!(arn, bucket = change.bucket.as_str(), "no policy lets the bucket invoke the function");
        return Ok(());
    }
    let event = AsyncEvent {
        request_id: clock.uuid(),
        id,
        qualifier,
        payload: Bytes::from(object_event::event(change, delivery).to_string()),
        client_context: None,
        trace_id: None,
        // In order per key, for each function by itself.
        order: Some(format!("{arn} {}/{}", change.bucket.as_str(), change.key.as_str())),
    };
    functions::enqueue(tx, &event, now).await
}

/// Within its own account a bucket may invoke every function. One of another account must let it, at the
/// moment of the hand-over: a configuration may have been put without asking, and permissions end.
async fn may_invoke(
    tx: &Transaction,
    change: &ObjectChange,
    function: &FunctionId,
    qualifier: Option<&Qualifier>,
) -> Result<bool, KvError> {
    if function.account == change.bucket_owner {
        return Ok(true);
    }
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

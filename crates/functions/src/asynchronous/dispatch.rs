use super::queue::{self, InvocationRecord};
use super::ready::{self, Place, UnderWay};
use crate::event_invoke_config::{self, EventInvokeRecord};
use crate::{Functions, FunctionsError, Invocation, keys};
use bytes::Bytes;
use clock::Timestamp;
use kv::{KvError, Snapshot, Transaction};
use names::Keyspace;
use pool::{InvokeError, Outcome};
use std::collections::HashMap;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::{Id, JoinSet};

/// How long the dispatcher rests after the store failed it.
const REST: Duration = Duration::from_secs(1);

/// Attempts that end in nothing at all before an event is set aside. The count does not outlive a restart.
const STRIKES_MAX: u32 = 3;

/// Of the events of an older program that are moved in one transaction.
const ADOPTED_AT_ONCE: usize = 256;

impl Functions {
    /// Hands accepted events to their functions until `stop` turns true, then waits for those under way.
    ///
    /// Run exactly one per store. What is under way is known only in memory: after a restart, everything
    /// that is not settled is tried again. Dropping the future gives up what is under way; it is tried
    /// again at the next start.
    pub async fn dispatch(self, mut stop: watch::Receiver<bool>) {
        let mut commits = self.kv.watch(&[Keyspace::AsyncQueue.byte()]);
        if let Err(error) = self.adopt().await {
            tracing::error!(%error, "the events that an older program left wait for the next start");
        }
        let mut tasks = JoinSet::new();
        let mut under_way: HashMap<Id, Place> = HashMap::new();
        // Of events that could be neither tried nor settled; at most as many as there are slots, since
        // each is set aside soon.
        let mut strikes: HashMap<String, u32> = HashMap::new();
        while !*stop.borrow_and_update() {
            let room = self.config.asynchronous_concurrency.saturating_sub(under_way.len());
            let mut wait = None;
            if room > 0 {
                match self.take(room, &under_way).await {
                    Ok((ready, next)) => {
                        for place in ready {
                            let task = tasks.spawn(self.clone().attempt(place.clone()));
                            under_way.insert(task.id(), place);
                        }
                        wait = next.map(|at| Timestamp::from_ms(at as i64).since(self.clock.now()));
                    }
                    Err(error) => {
                        tracing::error!(%error, "cannot read which events are due");
                        wait = Some(REST);
                    }
                }
            }
            let room = under_way.len() < self.config.asynchronous_concurrency;
            tokio::select! {
                () = commits.changed(), if room => {}
                () = self.clock.sleep(wait.unwrap_or_default()), if room && wait.is_some() => {}
                Some(ended) = tasks.join_next_with_id() => {
                    let (id, failed) = match ended {
                        Ok((id, ended)) => (id, ended.err()),
                        Err(error) => (error.id(), Some(format!("the attempt panicked: {error}"))),
                    };
                    if let Some(place) = under_way.remove(&id) {
                        self.judge_attempt(place, failed, &mut strikes).await;
                    }
                }
                // An error means that nobody can stop us any more: go on until dropped.
                Ok(()) = stop.changed() => {}
            }
        }
        while tasks.join_next().await.is_some() {}
    }

    /// Sets an event aside that fails us again and again, so that it neither holds a slot nor its order.
    async fn judge_attempt(&self, place: Place, failed: Option<String>, strikes: &mut HashMap<String, u32>) {
        let Some(why) = failed else {
            strikes.remove(&place.request_id);
            return;
        };
        let (request_id, function) = (place.request_id.clone(), place.id.arn());
        let count = strikes.entry(request_id.clone()).or_default();
        *count += 1;
        if *count < STRIKES_MAX {
            return;
        }
        strikes.remove(&request_id);
        tracing::error!(%request_id, %function, why, "an event was set aside; `zerun doctor` counts them");
        let now = self.clock.now();
        let aside = self
            .kv
            .transact(async move |tx: &mut Transaction| queue::set_aside(tx, &place, &why, now).await)
            .await;
        if let Err(error) = aside {
            let error: KvError = error;
            tracing::error!(%request_id, %error, "the event could not be set aside either");
        }
    }

    async fn adopt(&self) -> Result<(), KvError> {
        let now = self.clock.now();
        let adopt = async move |tx: &mut Transaction| queue::adopt(tx, ADOPTED_AT_ONCE, now).await;
        while self.kv.transact(adopt).await? > 0 {}
        Ok(())
    }

    async fn take(
        &self,
        room: usize,
        under_way: &HashMap<Id, Place>,
    ) -> Result<(Vec<Place>, Option<u64>), FunctionsError> {
        let now = self.clock.now();
        let mut running = UnderWay::default();
        for place in under_way.values() {
            running.request_ids.insert(place.request_id.clone());
            running.orders.extend(place.order.clone());
            *running.by_function.entry(place.id.clone()).or_default() += 1;
        }
        self.kv.read(async move |snapshot: &Snapshot| ready::look(snapshot, now, room, &running).await).await
    }

    /// One attempt and its settlement. A failing store leaves the event as it is: it is tried again.
    ///
    /// # Errors
    /// Why the event itself could not be dealt with, so that there is no use in trying for ever.
    async fn attempt(self, place: Place) -> Result<(), String> {
        let Err(error) = self.try_once(&place).await else { return Ok(()) };
        tracing::error!(request_id = place.request_id, %error, "an asynchronous invocation could not be settled");
        // The entry is still due; without this rest a broken one would be tried in a tight loop.
        self.clock.sleep(REST).await;
        match &error {
            FunctionsError::Store(store) if !store.is_unreadable() => Ok(()),
            _ => Err(error.to_string()),
        }
    }

    async fn try_once(&self, place: &Place) -> Result<(), FunctionsError> {
        let request_id = &place.request_id;
        let Some((record, payload, settings)) = self.load(request_id).await? else {
            return Err(FunctionsError::Internal(format!("event {request_id} has no record")));
        };
        let age_max =
            settings.age_max_s.map_or(self.config.retry.age_max, |age| Duration::from_secs(age.into()));
        if self.clock.now().since(record.accepted) > age_max {
            return self.settle(place, record, payload, settings, Verdict::TooOld).await;
        }
        let answer = self
            .invoke(Invocation {
                id: record.id.clone(),
                qualifier: record.qualifier.clone(),
                request_id: request_id.to_owned(),
                payload: payload.clone(),
                client_context: record.client_context.clone(),
                trace_id: record.trace_id.clone(),
                until_end: true,
            })
            .await;
        let verdict = self.judge(&record, &settings, age_max, answer)?;
        self.settle(place, record, payload, settings, verdict).await
    }

    async fn load(
        &self,
        request_id: &str,
    ) -> Result<Option<(InvocationRecord, Bytes, EventInvokeRecord)>, FunctionsError> {
        let request_id = request_id.to_owned();
        self.kv
            .read(async move |snapshot: &Snapshot| {
                let record: Option<InvocationRecord> =
                    kv::get_record(snapshot, keys::invocation(&request_id)).await?;
                let Some(record) = record else { return Ok(None) };
                let payload = kv::Read::get(snapshot, &keys::payload(&request_id)).await?;
                let payload = payload.ok_or_else(|| {
                    FunctionsError::Internal(format!("event {request_id} has lost its bytes"))
                })?;
                let key =
                    keys::event_invoke(&record.id, &event_invoke_config::text(record.qualifier.as_ref()));
                let settings = kv::get_record(snapshot, key).await?.unwrap_or_default();
                Ok(Some((record, payload, settings)))
            })
            .await
    }

    /// What the answer means for the event.
    ///
    /// # Errors
    /// The platform's own trouble, which is neither the caller's nor the function's: nothing is settled.
    fn judge(
        &self,
        record: &InvocationRecord,
        settings: &EventInvokeRecord,
        age_max: Duration,
        answer: Result<Outcome, FunctionsError>,
    ) -> Result<Verdict, FunctionsError> {
        let retry = &self.config.retry;
        let now = self.clock.now();
        let fits = |wait: Duration| (now + wait).since(record.accepted) <= age_max;
        match answer {
            Ok(outcome) if outcome.function_error.is_none() => Ok(Verdict::Succeeded(outcome)),
            Ok(outcome) => {
                let failures = record.failures + 1;
                let wait = retry.after_failure(failures);
                let retries_max = u32::from(settings.retries_max.unwrap_or(retry.retries_max));
                if failures > retries_max {
                    Ok(Verdict::Exhausted(Some(outcome)))
                } else if fits(wait) {
                    Ok(Verdict::Failed { again: now + wait })
                } else {
                    Ok(Verdict::TooOld)
                }
            }
            Err(FunctionsError::Invoke(InvokeError::InvalidCode(why))) => {
                tracing::warn!(function = %record.id.arn(), why, "an event's function cannot be run");
                Ok(Verdict::Exhausted(None))
            }
            Err(FunctionsError::Invoke(
                error @ (InvokeError::Throttled(_)
                | InvokeError::RoleRefused(_)
                | InvokeError::RestoreFailed
                | InvokeError::RestoreTimedOut
                | InvokeError::Unavailable(_)
                | InvokeError::RuntimeMissing(_)),
            )) => {
                tracing::debug!(function = %record.id.arn(), %error, "no instance for an event yet");
                let wait = retry.after_unavailable(record.unavailable + 1);
                if fits(wait) { Ok(Verdict::Unavailable { again: now + wait }) } else { Ok(Verdict::TooOld) }
            }
            Err(error @ (FunctionsError::NotFound(_) | FunctionsError::TooLarge(_))) => {
                tracing::warn!(function = %record.id.arn(), %error, "an event's function is not there");
                Ok(Verdict::Exhausted(None))
            }
            Err(FunctionsError::Recursive(why)) => {
                tracing::warn!(function = %record.id.arn(), why, "a loop of events was stopped");
                Ok(Verdict::Recursive)
            }
            // The function's own record cannot be read: its event is set aside with it.
            Err(FunctionsError::Store(error)) if error.is_unreadable() => Err(error.into()),
            // A full disk, say: it may pass, and the event's age ends it if it does not.
            Err(error) => {
                tracing::error!(function = %record.id.arn(), %error, "an event's function could not be run");
                let wait = retry.after_unavailable(record.unavailable + 1);
                if fits(wait) { Ok(Verdict::Unavailable { again: now + wait }) } else { Ok(Verdict::TooOld) }
            }
        }
    }

    async fn settle(
        &self,
        place: &Place,
        record: InvocationRecord,
        payload: Bytes,
        settings: EventInvokeRecord,
        verdict: Verdict,
    ) -> Result<(), FunctionsError> {
        let now = self.clock.now();
        let request_id = &place.request_id;
        let follow_ups = self.follow_ups(request_id, &record, &payload, &settings, &verdict).await?;
        match &verdict {
            Verdict::Exhausted(_) | Verdict::TooOld | Verdict::Recursive => tracing::warn!(
                %request_id,
                function = %record.id.arn(),
                failures = record.failures,
                reason = verdict.reason(),
                told = follow_ups.len(),
                "an asynchronous invocation was given up"
            ),
            _ => {}
        }
        let place = place.clone();
        let next = match verdict {
            Verdict::Failed { again } => Some((again, true)),
            Verdict::Unavailable { again } => Some((again, false)),
            Verdict::Succeeded(_) | Verdict::Exhausted(_) | Verdict::TooOld | Verdict::Recursive => None,
        };
        self.kv
            .transact(async move |tx: &mut Transaction| match next {
                Some((again, ran)) => {
                    let new = InvocationRecord {
                        failures: record.failures + u32::from(ran),
                        unavailable: if ran { 0 } else { record.unavailable + 1 },
                        ..record.clone()
                    };
                    Ok(queue::postpone(tx, &place, &new, again, ran, now).await?)
                }
                None => {
                    queue::remove(tx, &place, &record, now).await?;
                    for (follow_up, text) in &follow_ups {
                        follow_up.put(tx, text.clone()).await?;
                    }
                    Ok(())
                }
            })
            .await
    }
}

/// What becomes of an event after an attempt.
pub(super) enum Verdict {
    Succeeded(Outcome),
    /// The code failed and is tried again.
    Failed {
        again: Timestamp,
    },
    /// The code could not be tried.
    Unavailable {
        again: Timestamp,
    },
    /// The code failed too often (its last answer), or there is none to be tried.
    Exhausted(Option<Outcome>),
    TooOld,
    /// It comes from a loop of events.
    Recursive,
}

impl Verdict {
    fn reason(&self) -> &'static str {
        match self {
            Verdict::Succeeded(_) => "it succeeded",
            Verdict::Failed { .. } | Verdict::Unavailable { .. } => "it is tried again",
            Verdict::Exhausted(_) => "its retries are used up",
            Verdict::TooOld => "it is too old",
            Verdict::Recursive => "it comes from a loop",
        }
    }
}

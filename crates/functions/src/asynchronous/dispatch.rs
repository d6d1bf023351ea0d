use super::destination::{self, Condition};
use super::queue::{self, Due, InvocationRecord};
use crate::event_invoke_config::{self, EventInvokeRecord};
use crate::{Functions, FunctionsError, Invocation, keys};
use bytes::Bytes;
use clock::Timestamp;
use kv::{Snapshot, Transaction};
use names::Keyspace;
use pool::{InvokeError, Outcome};
use std::collections::{HashMap, HashSet};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::{Id, JoinSet};

/// How long the dispatcher rests after the store failed it.
const REST: Duration = Duration::from_secs(1);

impl Functions {
    /// Hands accepted events to their functions until `stop` turns true, then waits for those under way.
    ///
    /// Run exactly one per store. What is under way is known only in memory: after a restart, everything
    /// that is not settled is tried again. Dropping the future gives up what is under way; it is tried
    /// again at the next start.
    pub async fn dispatch(self, mut stop: watch::Receiver<bool>) {
        let mut commits = self.kv.watch(&[Keyspace::AsyncDue.byte()]);
        let mut tasks = JoinSet::new();
        let mut under_way: HashMap<Id, Due> = HashMap::new();
        while !*stop.borrow_and_update() {
            let room = self.config.asynchronous_concurrency.saturating_sub(under_way.len());
            let mut wait = None;
            if room > 0 {
                match self.take(room, &under_way).await {
                    Ok((ready, next)) => {
                        for due in ready {
                            let task = tasks.spawn(self.clone().attempt(due.clone()));
                            under_way.insert(task.id(), due);
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
                    let id = match ended {
                        Ok((id, ())) => id,
                        Err(error) => {
                            tracing::error!(%error, "an attempt at an asynchronous invocation panicked");
                            error.id()
                        }
                    };
                    under_way.remove(&id);
                }
                // An error means that nobody can stop us any more: go on until dropped.
                Ok(()) = stop.changed() => {}
            }
        }
        while tasks.join_next().await.is_some() {}
    }

    async fn take(
        &self,
        room: usize,
        under_way: &HashMap<Id, Due>,
    ) -> Result<(Vec<Due>, Option<u64>), FunctionsError> {
        let now = self.clock.now();
        let taken: HashSet<String> = under_way.values().map(|due| due.request_id.clone()).collect();
        let orders: HashSet<String> = under_way.values().filter_map(|due| due.order.clone()).collect();
        self.kv
            .read(async move |snapshot: &Snapshot| {
                let skip = |due: &Due| {
                    taken.contains(&due.request_id)
                        || due.order.as_ref().is_some_and(|order| orders.contains(order))
                };
                queue::due(snapshot, now, room, skip).await
            })
            .await
    }

    /// One attempt and its settlement. A failing store leaves the event as it is: it is tried again.
    async fn attempt(self, due: Due) {
        let request_id = due.request_id;
        if let Err(error) = self.try_once(&request_id).await {
            tracing::error!(%request_id, %error, "an asynchronous invocation could not be settled");
            // The entry is still due; without this rest a broken one would be tried in a tight loop.
            self.clock.sleep(REST).await;
        }
    }

    async fn try_once(&self, request_id: &str) -> Result<(), FunctionsError> {
        let Some((record, payload, settings)) = self.load(request_id).await? else {
            return Ok(());
        };
        let age_max =
            settings.age_max_s.map_or(self.config.retry.age_max, |age| Duration::from_secs(age.into()));
        if self.clock.now().since(record.accepted) > age_max {
            return self.settle(request_id, record, payload, settings, Verdict::TooOld).await;
        }
        let answer = self
            .invoke(Invocation {
                id: record.id.clone(),
                qualifier: record.qualifier.clone(),
                request_id: request_id.to_owned(),
                payload: payload.clone(),
                client_context: record.client_context.clone(),
                trace_id: record.trace_id.clone(),
            })
            .await;
        let verdict = self.judge(&record, &settings, age_max, answer)?;
        self.settle(request_id, record, payload, settings, verdict).await
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
            Err(error) => Err(error),
        }
    }

    async fn settle(
        &self,
        request_id: &str,
        record: InvocationRecord,
        payload: Bytes,
        settings: EventInvokeRecord,
        verdict: Verdict,
    ) -> Result<(), FunctionsError> {
        let now = self.clock.now();
        let follow_up = match &verdict {
            Verdict::Succeeded(outcome) => settings.on_success.as_deref().map(|to| {
                destination::event(to, request_id, &record, &payload, Condition::Success, Some(outcome), now)
            }),
            Verdict::Exhausted(outcome) => settings.on_failure.as_deref().map(|to| {
                let condition = Condition::RetriesExhausted;
                destination::event(to, request_id, &record, &payload, condition, outcome.as_ref(), now)
            }),
            Verdict::TooOld => settings.on_failure.as_deref().map(|to| {
                let condition = Condition::EventAgeExceeded;
                destination::event(to, request_id, &record, &payload, condition, None, now)
            }),
            Verdict::Failed { .. } | Verdict::Unavailable { .. } => None,
        };
        let follow_up = follow_up.transpose()?.map(|mut event| {
            event.request_id = self.clock.uuid();
            event
        });
        match &verdict {
            Verdict::Exhausted(_) | Verdict::TooOld => tracing::warn!(
                %request_id,
                function = %record.id.arn(),
                failures = record.failures,
                reason = verdict.reason(),
                destination = follow_up.is_some(),
                "an asynchronous invocation was given up"
            ),
            _ => {}
        }
        let request_id = request_id.to_owned();
        let next = match verdict {
            Verdict::Failed { again } => Some((again, true)),
            Verdict::Unavailable { again } => Some((again, false)),
            Verdict::Succeeded(_) | Verdict::Exhausted(_) | Verdict::TooOld => None,
        };
        self.kv
            .transact(async move |tx: &mut Transaction| match next {
                Some((again, ran)) => {
                    let new = InvocationRecord {
                        due_ms: queue::ms(again),
                        failures: record.failures + u32::from(ran),
                        unavailable: if ran { 0 } else { record.unavailable + 1 },
                        ..record.clone()
                    };
                    queue::postpone(tx, &request_id, &record, &new, ran, now).await
                }
                None => {
                    queue::remove(tx, &request_id, &record, now).await?;
                    if let Some(event) = &follow_up {
                        queue::enqueue(tx, event, now).await?;
                    }
                    Ok(())
                }
            })
            .await
    }
}

/// What becomes of an event after an attempt.
enum Verdict {
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
}

impl Verdict {
    fn reason(&self) -> &'static str {
        match self {
            Verdict::Succeeded(_) => "it succeeded",
            Verdict::Failed { .. } | Verdict::Unavailable { .. } => "it is tried again",
            Verdict::Exhausted(_) => "its retries are used up",
            Verdict::TooOld => "it is too old",
        }
    }
}

use crate::pages::{self, Page};
use crate::{FunctionId, Functions, FunctionsError, keys, lookup};
use clock::Timestamp;
use kv::{Read, Record, Snapshot, Transaction};
use names::{Arn, FunctionReference, Keyspace, Qualifier};
use serde::{Deserialize, Serialize};

/// How asynchronous invocations of a function, version or alias are tried again, and where their
/// outcome goes.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct EventInvokeRecord {
    /// 0–2.
    pub retries_max: Option<u8>,
    /// 60–21,600.
    pub age_max_s: Option<u32>,
    /// ARN of the function, queue or topic that is told of the outcome.
    pub on_success: Option<String>,
    pub on_failure: Option<String>,
    pub modified: Timestamp,
}

impl Record for EventInvokeRecord {
    const KIND: &'static str = "asynchronous invocation setting";
    const VERSION: u8 = 1;
}

/// What is `None` stays as it is in an update, and unset in a put. An empty destination takes it away.
#[derive(Debug, Clone, Default)]
pub struct EventInvokeChange {
    pub retries_max: Option<u8>,
    pub age_max_s: Option<u32>,
    pub on_success: Option<String>,
    pub on_failure: Option<String>,
}

impl Functions {
    /// Puts the settings, or with `update` changes those that are there.
    ///
    /// # Errors
    /// `NotFound` for the function or qualifier, or, in an update, the settings; `Invalid` for values out of
    /// bounds, and destinations that are no function that is there and no queue, topic or bucket, which the caller has looked for.
    pub async fn put_event_invoke_config(
        &self,
        id: FunctionId,
        qualifier: Option<Qualifier>,
        change: EventInvokeChange,
        update: bool,
    ) -> Result<EventInvokeRecord, FunctionsError> {
        let modified = self.clock.now();
        check(&change)?;
        self.kv
            .transact(async move |tx: &mut Transaction| {
                lookup::check_target(tx, &id, qualifier.as_ref()).await?;
                let key = keys::event_invoke(&id, &text(qualifier.as_ref()));
                let mut record = EventInvokeRecord::default();
                if update {
                    record =
                        kv::get_record(tx, &key).await?.ok_or_else(|| missing(&id, qualifier.as_ref()))?;
                }
                record.modified = modified;
                if change.retries_max.is_some() {
                    record.retries_max = change.retries_max;
                }
                if change.age_max_s.is_some() {
                    record.age_max_s = change.age_max_s;
                }
                for (field, change) in [
                    (&mut record.on_success, &change.on_success),
                    (&mut record.on_failure, &change.on_failure),
                ] {
                    match change.as_deref() {
                        None => {}
                        Some("") => *field = None,
                        Some(arn) => {
                            if !is_no_function(arn) {
                                check_function(tx, arn, &id).await?;
                            }
                            *field = Some(arn.to_owned());
                        }
                    }
                }
                kv::put_record(tx, key, &record);
                Ok(record)
            })
            .await
    }

    /// # Errors
    /// `NotFound`.
    pub async fn get_event_invoke_config(
        &self,
        id: FunctionId,
        qualifier: Option<Qualifier>,
    ) -> Result<EventInvokeRecord, FunctionsError> {
        self.kv
            .read(async move |snapshot: &Snapshot| {
                lookup::check_target(snapshot, &id, qualifier.as_ref()).await?;
                kv::get_record(snapshot, keys::event_invoke(&id, &text(qualifier.as_ref())))
                    .await?
                    .ok_or_else(|| missing(&id, qualifier.as_ref()))
            })
            .await
    }

    /// # Errors
    /// `NotFound`.
    pub async fn delete_event_invoke_config(
        &self,
        id: FunctionId,
        qualifier: Option<Qualifier>,
    ) -> Result<(), FunctionsError> {
        self.kv
            .transact(async move |tx: &mut Transaction| {
                lookup::check_target(tx, &id, qualifier.as_ref()).await?;
                let key = keys::event_invoke(&id, &text(qualifier.as_ref()));
                if kv::Read::get(tx, &key).await?.is_none() {
                    return Err(missing(&id, qualifier.as_ref()));
                }
                tx.delete(key);
                Ok(())
            })
            .await
    }

    /// With the qualifier of each.
    ///
    /// # Errors
    /// `NotFound` for the function.
    pub async fn list_event_invoke_configs(
        &self,
        id: FunctionId,
        marker: Option<String>,
        max: usize,
    ) -> Result<Page<(String, EventInvokeRecord)>, FunctionsError> {
        self.kv
            .read(async move |snapshot: &Snapshot| {
                lookup::function(snapshot, &id).await?;
                let prefix = keys::of(Keyspace::EventInvokeConfig, &id);
                pages::by_text(snapshot, &prefix, marker.as_deref(), max).await
            })
            .await
    }
}

/// The settings of `$LATEST` are those of the function.
pub(crate) fn text(qualifier: Option<&Qualifier>) -> String {
    match qualifier {
        None | Some(Qualifier::Latest) => "$LATEST".to_owned(),
        Some(qualifier) => qualifier.to_string(),
    }
}

/// A queue, topic or bucket.
fn is_no_function(arn: &str) -> bool {
    Arn::parse(arn).is_ok_and(|arn| ["sqs", "sns", "s3"].contains(&arn.service.as_str()))
}

async fn check_function(from: &impl Read, arn: &str, of: &FunctionId) -> Result<(), FunctionsError> {
    let invalid =
        |why: &str| FunctionsError::Invalid(format!("The destination ARN {arn} is invalid: {why}."));
    let (to, qualifier) = function(arn)?;
    if to.account != of.account {
        return Err(invalid("it is of another account"));
    }
    lookup::check_target(from, &to, qualifier.as_ref())
        .await
        .map_err(|_| invalid("there is no such function"))
}

/// The function that a destination is.
///
/// # Errors
/// It is none.
pub(crate) fn function(arn: &str) -> Result<(FunctionId, Option<Qualifier>), FunctionsError> {
    let refused = || {
        FunctionsError::Invalid(format!(
            "The destination ARN {arn} is not supported: destinations can be functions, standard queues and standard topics."
        ))
    };
    let parsed = Arn::parse(arn).map_err(|_| refused())?;
    if parsed.service != "lambda" {
        return Err(refused());
    }
    let reference = FunctionReference::parse(arn).map_err(|_| refused())?;
    match (reference.account, reference.region) {
        (Some(account), Some(region)) => {
            Ok((FunctionId { account, region, name: reference.name }, reference.qualifier))
        }
        _ => Err(refused()),
    }
}

fn check(change: &EventInvokeChange) -> Result<(), FunctionsError> {
    if change.retries_max.is_some_and(|retries| retries > 2) {
        return Err(FunctionsError::invalid("MaximumRetryAttempts must be from 0 to 2"));
    }
    if change.age_max_s.is_some_and(|age| !(60..=21_600).contains(&age)) {
        return Err(FunctionsError::invalid("MaximumEventAgeInSeconds must be from 60 to 21600"));
    }
    Ok(())
}

fn missing(id: &FunctionId, qualifier: Option<&Qualifier>) -> FunctionsError {
    let arn = id.qualified_arn(text(qualifier));
    FunctionsError::NotFound(format!("The function {arn} doesn't have an EventInvokeConfig"))
}

use super::check::check;
use super::error::invalid;
use super::record::{Mapping, MappingId, Settings, Start, key, pair};
use super::{MappingError, Mappings, Source, index, place, tags};
use clock::Timestamp;
use kv::{KvError, Read, Snapshot, Transaction};
use names::{AccountId, Region};
use std::collections::BTreeMap;

#[derive(Debug, Clone)]
pub struct NewMapping {
    pub account: AccountId,
    pub region: Region,
    pub function_arn: String,
    pub source_arn: String,
    /// Of logs alone, which must say it.
    pub start: Option<Start>,
    pub settings: Settings,
    pub is_enabled: bool,
    pub tags: BTreeMap<String, String>,
}

/// What changes of a mapping; `None` stays.
#[derive(Debug, Clone, Default)]
pub struct Change {
    pub function_arn: Option<String>,
    pub settings: Option<Settings>,
    pub is_enabled: Option<bool>,
}

impl Mappings {
    /// # Errors
    /// `Invalid` for what cannot be, a source or a role that cannot be used; `Conflict`; `NotFound` for the function.
    pub async fn create(&self, new: NewMapping) -> Result<Mapping, MappingError> {
        let source = Source::parse(&new.source_arn)?;
        check(&source, &new.settings)?;
        tags::check(&new.tags)?;
        match (source.bounds().is_log, new.start) {
            (true, None) => return invalid("1 validation error detected: StartingPosition is required."),
            (false, Some(_)) => return invalid("Queues have no StartingPosition."),
            _ => {}
        }
        let mapping = Mapping {
            uuid: self.0.clock.uuid(),
            function_arn: new.function_arn,
            source_arn: new.source_arn,
            start: new.start,
            settings: new.settings,
            is_enabled: new.is_enabled,
            tags: new.tags,
            changed: self.0.clock.now(),
            revision: 1,
        };
        self.check_access(&mapping, &source).await?;
        // What is written from now on is read, wherever the log is by the time that somebody begins to.
        let places = match new.start {
            Some(start) => self.places(&source, start).await?,
            None => Vec::new(),
        };
        let id = MappingId { account: new.account, region: new.region, uuid: mapping.uuid.clone() };
        let made = mapping.clone();
        self.0
            .kv
            .transact(async move |tx: &mut Transaction| {
                let pair = pair(&made.source_arn, &made.function_arn);
                if let Some(other) = tx.get(pair.as_bytes()).await? {
                    let other = String::from_utf8_lossy(&other).into_owned();
                    return Ok::<_, KvError>(Some(other));
                }
                tx.put(pair, made.uuid.clone().into_bytes());
                kv::put_record(tx, key(&id), &made);
                index::put(tx, &id, &made);
                for (shard, next) in &places {
                    let lane = place::Lane { shard: *shard, number: 0, of: 1 };
                    place::put(tx, &made.uuid, &lane, &place::Place::at(*next));
                }
                Ok(None)
            })
            .await?
            .map_or(Ok(mapping.clone()), |other| {
                Err(MappingError::Conflict(format!(
                    "An event source mapping with event source arn (\" {} \") and function name (\" {} \") already \
                     exists. Please update or delete the existing mapping with UUID {other}",
                    mapping.source_arn, mapping.function_arn
                )))
            })
    }

    /// # Errors
    /// `NotFound`.
    pub async fn get(&self, id: MappingId) -> Result<Mapping, MappingError> {
        self.0.kv.read(async move |from: &Snapshot| load(from, &id).await).await
    }

    /// # Errors
    /// As [`Mappings::create`]; `NotFound` for the mapping.
    pub async fn update(&self, id: MappingId, change: Change) -> Result<Mapping, MappingError> {
        let before = self.get(id.clone()).await?;
        let source = Source::parse(&before.source_arn)?;
        let mut after = before.clone();
        if let Some(function_arn) = change.function_arn {
            after.function_arn = function_arn;
        }
        if let Some(settings) = change.settings {
            check(&source, &settings)?;
            after.settings = settings;
        }
        if let Some(is_enabled) = change.is_enabled {
            after.is_enabled = is_enabled;
        }
        self.check_access(&after, &source).await?;
        let now = self.0.clock.now();
        self.0
            .kv
            .transact(async move |tx: &mut Transaction| replace(tx, &id, &before, &after, now).await)
            .await
    }

    /// As it was.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn delete(&self, id: MappingId) -> Result<Mapping, MappingError> {
        let forget = async move |tx: &mut Transaction| {
            let mapping = load(tx, &id).await?;
            tx.delete(key(&id));
            index::delete(tx, &id, &mapping);
            tx.delete(pair(&mapping.source_arn, &mapping.function_arn));
            place::forget(tx, &mapping.uuid).await?;
            Ok::<_, MappingError>(mapping)
        };
        let mapping = self.0.kv.transact(forget).await?;
        self.results().remove(&mapping.uuid);
        Ok(mapping)
    }

    /// That the function is there, and its role may read the source.
    async fn check_access(&self, mapping: &Mapping, source: &Source) -> Result<(), MappingError> {
        if let Some(why) = self.refusal(mapping, source).await? {
            return Err(MappingError::Invalid(why));
        }
        if let Some(to) = &mapping.settings.on_failure {
            self.check_destination(mapping, to).await?;
        }
        let (Source::Queue(queue), Some((id, qualifier))) = (source, mapping.function()) else {
            return Ok(());
        };
        if id.account != queue.account {
            return invalid("A queue of another account drives no functions here.");
        }
        // A message would come again while the function still works on it.
        let visibility = self.0.queues.queue_info(queue.clone()).await?.record.settings.visibility_seconds;
        let timeout = self.0.functions.get_function(id, qualifier).await?.described.configuration.timeout_s;
        if visibility < timeout {
            return invalid(format!(
                "Queue visibility timeout: {visibility} seconds is less than Function timeout: {timeout} seconds"
            ));
        }
        Ok(())
    }
}

pub(super) async fn load(from: &impl Read, id: &MappingId) -> Result<Mapping, MappingError> {
    let found = kv::get_record(from, key(id)).await?;
    found.ok_or_else(|| MappingError::NotFound("The resource you requested does not exist.".to_owned()))
}

/// # Errors
/// `Conflict`: somebody else changed it, or there is one of the same source and function already.
async fn replace(
    tx: &mut Transaction,
    id: &MappingId,
    before: &Mapping,
    after: &Mapping,
    now: Timestamp,
) -> Result<Mapping, MappingError> {
    let found = load(tx, id).await?;
    if found.revision != before.revision {
        return Err(MappingError::Conflict(
            "The event source mapping is being changed by another request.".to_owned(),
        ));
    }
    if after.function_arn != before.function_arn {
        let taken = pair(&after.source_arn, &after.function_arn);
        if let Some(other) = tx.get(taken.as_bytes()).await? {
            return Err(MappingError::Conflict(format!(
                "The event source and the function belong to the mapping with UUID {} already.",
                String::from_utf8_lossy(&other)
            )));
        }
        tx.put(taken, id.uuid.clone().into_bytes());
        tx.delete(pair(&before.source_arn, &before.function_arn));
        index::delete(tx, id, before);
    }
    let revision = before.revision.saturating_add(1);
    let after = Mapping { revision, changed: now, tags: found.tags, ..after.clone() };
    index::put(tx, id, &after);
    kv::put_record(tx, key(id), &after);
    Ok(after)
}

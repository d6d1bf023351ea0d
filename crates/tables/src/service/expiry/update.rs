use super::Kept;
use crate::service::{Tables, TablesError};
use crate::table::{TableId, TimeToLive, TimeToLiveStatus};
use crate::{Refusal, keys};
use kv::{Snapshot, Transaction};

impl Tables {
    /// Lets items expire by an attribute, or no more. It takes effect in the background.
    ///
    /// # Errors
    /// `NoSuchTable`, `Refused` where it is so already, or a change is under way; the store fails.
    pub async fn update_time_to_live(
        &self,
        id: TableId,
        attribute: String,
        enabled: bool,
    ) -> Result<(), TablesError> {
        let known = self.known.clone();
        self.kv
            .transact(async move |tx: &mut Transaction| {
                let mut record = known.table(tx, &id).await?.record.clone();
                let status = next(record.time_to_live.as_ref(), &attribute, enabled)?;
                record.time_to_live = Some(TimeToLive { attribute: attribute.clone(), status });
                kv::put_record(tx, keys::time_to_live(record.number), &Kept::new(&id));
                kv::put_record(tx, keys::table(&id), &record);
                Ok(())
            })
            .await
    }

    /// `None`: items never expire.
    ///
    /// # Errors
    /// `NoSuchTable`; the store fails.
    pub async fn time_to_live(&self, id: TableId) -> Result<Option<TimeToLive>, TablesError> {
        let known = self.known.clone();
        self.kv
            .read(async move |from: &Snapshot| Ok(known.table(from, &id).await?.record.time_to_live.clone()))
            .await
    }
}

fn next(now: Option<&TimeToLive>, attribute: &str, enabled: bool) -> Result<TimeToLiveStatus, Refusal> {
    let Some(now) = now else {
        return match enabled {
            true => Ok(TimeToLiveStatus::Enabling),
            false => Err(Refusal::validation("TimeToLive is already disabled")),
        };
    };
    if now.status != TimeToLiveStatus::Enabled {
        return Err(Refusal::validation(
            "Time to live has been modified multiple times within a fixed interval",
        ));
    }
    if now.attribute != attribute {
        return Err(Refusal::validation(format!(
            "TimeToLive is active on a different AttributeName: current AttributeName is {}",
            now.attribute
        )));
    }
    match enabled {
        true => Err(Refusal::validation("TimeToLive is already enabled")),
        false => Ok(TimeToLiveStatus::Disabling),
    }
}

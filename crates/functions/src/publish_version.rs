use crate::configuration::check_revision;
use crate::{
    Configuration, Described, FunctionId, FunctionRecord, Functions, FunctionsError, SnapshotState, Version,
    code, keys, lookup,
};
use clock::Timestamp;
use kv::Transaction;

impl Functions {
    /// Freezes `$LATEST` under the next number. When nothing changed since the last published version,
    /// that one is returned and no number is used.
    ///
    /// # Errors
    /// `NotFound`; `Precondition` for another revision; `Invalid` when `code_sha256` (base64) is not that
    /// of `$LATEST`.
    pub async fn publish_version(
        &self,
        id: FunctionId,
        description: Option<String>,
        code_sha256: Option<String>,
        revision_id: Option<String>,
    ) -> Result<Described, FunctionsError> {
        let (revision, now) = (self.clock.uuid(), self.clock.now());
        let described = self
            .kv
            .transact(async move |tx: &mut Transaction| {
                let mut record = lookup::function(tx, &id).await?;
                check_revision(revision_id.as_deref(), &record.latest.revision_id)?;
                let latest = record.latest.code.sha256_text();
                if let Some(asked) = &code_sha256
                    && *asked != latest
                {
                    return Err(FunctionsError::Invalid(format!(
                        "CodeSHA256 ({asked}) is different from current CodeSHA256 in $LATEST ({latest}). Please try again with the CodeSHA256 in $LATEST."
                    )));
                }
                let described =
                    publish(tx, &id, &mut record, description.as_deref(), &revision, now).await?;
                kv::put_record(tx, keys::function(&id), &record);
                Ok::<_, FunctionsError>(described)
            })
            .await?;
        self.initialise_ahead(&described);
        Ok(described)
    }
}

/// Writes the version, and the number given out into `record`, which the caller stores.
pub(crate) async fn publish(
    tx: &mut Transaction,
    id: &FunctionId,
    record: &mut FunctionRecord,
    description: Option<&str>,
    revision: &str,
    now: Timestamp,
) -> Result<Described, FunctionsError> {
    let described = |number: u64, configuration: Configuration| Described {
        arn: id.qualified_arn(number),
        id: id.clone(),
        version: Version::Published(number),
        configuration,
    };
    let last: Option<Configuration> = kv::get_record(tx, keys::version(id, record.last_version)).await?;
    if let Some(last) = last
        && last.runs_like(&record.latest)
    {
        return Ok(described(record.last_version, last));
    }
    record.last_version += 1;
    let mut configuration = record.latest.clone();
    if let Some(description) = description {
        configuration.description = description.to_owned();
    }
    if configuration.snap_start {
        configuration.snapshot = SnapshotState::Pending;
    }
    configuration.modified = now;
    configuration.revision_id = revision.to_owned();
    configuration.check()?;
    for code in configuration.codes() {
        code::keep(tx, code).await?;
    }
    kv::put_record(tx, keys::version(id, record.last_version), &configuration);
    Ok(described(record.last_version, configuration))
}

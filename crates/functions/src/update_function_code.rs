use crate::configuration::check_revision;
use crate::{
    Described, FunctionId, Functions, FunctionsError, NewCode, Version, code, keys, lookup, publish_version,
};
use kv::Transaction;
use std::sync::Arc;

#[derive(Debug, Clone)]
pub struct CodeUpdate {
    pub id: FunctionId,
    pub code: NewCode,
    /// Also publishes a version.
    pub publish: bool,
    /// Judges and changes nothing.
    pub dry_run: bool,
    pub revision_id: Option<String>,
}

/// Lambda's own words. A function stays what it was made as.
const IMAGE_NEEDED: &str = "Please provide ImageUri when updating a function with packageType Image.";
const NO_IMAGE: &str = "Please don't provide ImageUri when updating a function with packageType Zip.";

impl Functions {
    /// # Errors
    /// `NotFound`, `Precondition`, and those of the archive.
    pub async fn update_function_code(&self, update: CodeUpdate) -> Result<Described, FunctionsError> {
        for _ in 1..code::ATTEMPTS {
            match self.update_code(update.clone()).await {
                Err(FunctionsError::CodeRemoved) => {}
                result => return result,
            }
        }
        self.update_code(update).await
    }

    async fn update_code(&self, update: CodeUpdate) -> Result<Described, FunctionsError> {
        let CodeUpdate { id, code, publish, dry_run, revision_id } = update;
        // Before the work of unpacking; the transaction looks again.
        let is_image = lookup::function(&self.kv, &id).await?.latest.code.image.is_some();
        match (is_image, &code) {
            (true, NewCode::Zip(_)) => return Err(FunctionsError::invalid(IMAGE_NEEDED)),
            (false, NewCode::Image(_)) => return Err(FunctionsError::invalid(NO_IMAGE)),
            (true, NewCode::Image(_)) | (false, NewCode::Zip(_)) => {}
        }
        let fresh = Arc::new(self.code.ingest(code).await?);
        let (revision, published_revision, now) = (self.clock.uuid(), self.clock.uuid(), self.clock.now());
        let arn = id.arn();
        let (described, old) = self
            .kv
            .transact(async move |tx: &mut Transaction| {
                let mut record = lookup::function(tx, &id).await?;
                check_revision(revision_id.as_deref(), &record.latest.revision_id)?;
                let old = record.latest.code.clone();
                // The function may have been made anew meanwhile, as something else.
                if old.image.is_some() != fresh.code.image.is_some() {
                    return Err(FunctionsError::invalid(if old.image.is_some() {
                        IMAGE_NEEDED
                    } else {
                        NO_IMAGE
                    }));
                }
                record.latest.code = fresh.code.clone();
                record.latest.modified = now;
                record.latest.revision_id = revision.clone();
                record.latest.check()?;
                let latest = Described {
                    arn: id.arn(),
                    id: id.clone(),
                    version: Version::Latest,
                    configuration: record.latest.clone(),
                };
                if dry_run {
                    return Ok((latest, None));
                }
                fresh.name(tx).await?;
                code::release(tx, &old, now).await?;
                let described = if publish {
                    publish_version::publish(tx, &id, &mut record, None, &published_revision, now).await?
                } else {
                    latest
                };
                kv::put_record(tx, keys::function(&id), &record);
                Ok::<_, FunctionsError>((described, Some(old)))
            })
            .await?;
        self.initialise_ahead(&described);
        if let Some(old) = old {
            self.expect(&described).await;
            self.retire(arn, Some(Version::Latest), vec![old]);
        }
        Ok(described)
    }
}

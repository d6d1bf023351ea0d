use crate::configuration::check_revision;
use crate::{
    Described, Environment, FunctionId, Functions, FunctionsError, ImageConfig, LoggingUpdate, Version, code,
    image, keys, layers, lookup,
};
use kv::Transaction;
use std::collections::BTreeMap;

/// What is `None` stays as it is.
#[derive(Debug, Clone)]
pub struct ConfigurationUpdate {
    pub id: FunctionId,
    pub runtime: Option<String>,
    pub handler: Option<String>,
    pub role: Option<String>,
    pub description: Option<String>,
    pub memory_mb: Option<u32>,
    pub timeout_s: Option<u32>,
    pub tmp_mb: Option<u32>,
    pub environment: Option<BTreeMap<String, String>>,
    /// ARNs of layer versions, in merging order; empty takes all away.
    pub layers: Option<Vec<String>>,
    pub image_config: Option<ImageConfig>,
    /// ARN of a queue or topic that the role may send to; empty takes it away.
    pub dead_letters: Option<String>,
    pub logging: LoggingUpdate,
    pub snap_start: Option<bool>,
    pub revision_id: Option<String>,
}

impl Functions {
    /// # Errors
    /// `NotFound`, `Precondition`, `Invalid`.
    pub async fn update_function_configuration(
        &self,
        update: ConfigurationUpdate,
    ) -> Result<Described, FunctionsError> {
        let runtime = update.runtime.as_deref().map(|runtime| self.runtime(runtime)).transpose()?;
        let environment = update.environment.clone().map(Environment::new).transpose()?;
        let (revision, now) = (self.clock.uuid(), self.clock.now());
        let arn = update.id.arn();
        let (described, old) = self
            .kv
            .transact(async move |tx: &mut Transaction| {
                let id = &update.id;
                let mut record = lookup::function(tx, id).await?;
                let latest = &mut record.latest;
                check_revision(update.revision_id.as_deref(), &latest.revision_id)?;
                if latest.code.image.is_some() && (runtime.is_some() || update.handler.is_some()) {
                    return Err(FunctionsError::invalid(image::NOT_WITH_IMAGES));
                }
                set(&mut latest.image_config, &update.image_config);
                set(&mut latest.runtime, &runtime);
                set(&mut latest.handler, &update.handler);
                set(&mut latest.role, &update.role);
                set(&mut latest.description, &update.description);
                set(&mut latest.memory_mb, &update.memory_mb);
                set(&mut latest.timeout_s, &update.timeout_s);
                set(&mut latest.tmp_mb, &update.tmp_mb);
                set(&mut latest.environment, &environment);
                set(&mut latest.snap_start, &update.snap_start);
                if let Some(to) = &update.dead_letters {
                    latest.dead_letters = Some(to.clone()).filter(|to| !to.is_empty());
                }
                latest.logging.update(&update.logging)?;
                latest.modified = now;
                latest.revision_id = revision.clone();
                let mut old = Vec::new();
                if let Some(arns) = &update.layers {
                    let layers = layers::resolve(tx, id, arns).await?;
                    for layer in &layers {
                        code::keep(tx, &layer.code).await?;
                    }
                    for layer in std::mem::replace(&mut latest.layers, layers) {
                        code::release(tx, &layer.code, now).await?;
                        old.push(layer.code);
                    }
                }
                latest.check()?;
                kv::put_record(tx, keys::function(id), &record);
                let described = Described {
                    arn: id.arn(),
                    id: id.clone(),
                    version: Version::Latest,
                    configuration: record.latest,
                };
                Ok::<_, FunctionsError>((described, old))
            })
            .await?;
        self.expect(&described).await;
        self.retire(arn, Some(Version::Latest), old);
        Ok(described)
    }
}

fn set<T: Clone>(field: &mut T, value: &Option<T>) {
    if let Some(value) = value {
        field.clone_from(value);
    }
}

use crate::configuration::Configuration;
use crate::{
    Described, Environment, FunctionId, FunctionRecord, Functions, FunctionsError, ImageConfig, Logging,
    LoggingUpdate, NewCode, SnapshotState, Version, claims, code, egress, image, keys, layers,
    publish_version, tags,
};
use kv::{Read, Transaction};
use runtime::RuntimeId;
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Debug, Clone)]
pub struct NewFunction {
    pub id: FunctionId,
    /// Empty for an image, as the handler.
    pub runtime: String,
    pub handler: String,
    pub role: String,
    pub description: String,
    pub memory_mb: u32,
    pub timeout_s: u32,
    pub tmp_mb: u32,
    pub environment: BTreeMap<String, String>,
    /// ARNs of layer versions, in merging order.
    pub layers: Vec<String>,
    pub logging: LoggingUpdate,
    pub snap_start: bool,
    pub tags: BTreeMap<String, String>,
    pub code: NewCode,
    pub image_config: ImageConfig,
    /// ARN of a queue or topic that the role may send to.
    pub dead_letters: Option<String>,
    /// Also publishes version 1.
    pub publish: bool,
}

impl Functions {
    /// Returns `$LATEST`, or version 1 when it was published.
    ///
    /// # Errors
    /// `Conflict` when the name is taken; `Invalid` for a value, runtime, layer or archive that cannot be.
    pub async fn create_function(&self, new: NewFunction) -> Result<Described, FunctionsError> {
        for _ in 1..code::ATTEMPTS {
            match self.create(new.clone()).await {
                Err(FunctionsError::CodeRemoved) => {}
                result => return result,
            }
        }
        self.create(new).await
    }

    async fn create(&self, new: NewFunction) -> Result<Described, FunctionsError> {
        let runtime = match &new.code {
            NewCode::Zip(_) => self.runtime(&new.runtime)?,
            NewCode::Image(_) if new.runtime.is_empty() && new.layers.is_empty() => RuntimeId::of_images(),
            NewCode::Image(_) => return Err(FunctionsError::invalid(image::NOT_WITH_IMAGES)),
        };
        let environment = Environment::new(new.environment)?;
        tags::check(&new.tags)?;
        egress::check(&self.config, &new.tags)?;
        let id = new.id;
        // Before the work of unpacking; the transaction looks again.
        if self.kv.get(&keys::function(&id)).await?.is_some() {
            return Err(taken(&id));
        }
        let fresh = Arc::new(self.code.ingest(new.code).await?);
        let now = self.clock.now();
        let mut logging = Logging::default();
        logging.update(&new.logging)?;
        let configuration = Configuration {
            description: new.description,
            runtime,
            handler: new.handler,
            role: new.role,
            memory_mb: new.memory_mb,
            timeout_s: new.timeout_s,
            tmp_mb: new.tmp_mb,
            environment,
            layers: Vec::new(),
            logging,
            snap_start: new.snap_start,
            snapshot: SnapshotState::Off,
            code: fresh.code.clone(),
            image_config: new.image_config,
            dead_letters: new.dead_letters,
            modified: now,
            revision_id: self.clock.uuid(),
        };
        configuration.check()?;
        let (layers, tags, publish) = (new.layers, new.tags, new.publish);
        let published_revision = self.clock.uuid();
        let described = self
            .kv
            .transact(async move |tx: &mut Transaction| {
                if tx.get(&keys::function(&id)).await?.is_some() {
                    return Err(taken(&id));
                }
                let mut configuration = configuration.clone();
                configuration.layers = layers::resolve(tx, &id, &layers).await?;
                configuration.check()?;
                fresh.name(tx).await?;
                for layer in &configuration.layers {
                    code::keep(tx, &layer.code).await?;
                }
                let mut record = FunctionRecord {
                    created: now,
                    last_version: 0,
                    tags: tags.clone(),
                    reserved_concurrency: None,
                    may_recur: false,
                    latest: configuration.clone(),
                };
                let described = if publish {
                    publish_version::publish(tx, &id, &mut record, None, &published_revision, now).await?
                } else {
                    Described { arn: id.arn(), id: id.clone(), version: Version::Latest, configuration }
                };
                claims::keep(tx, &id).await?;
                kv::put_record(tx, keys::function(&id), &record);
                Ok::<_, FunctionsError>(described)
            })
            .await?;
        self.expect(&described).await;
        self.initialise_ahead(&described);
        Ok(described)
    }
}

fn taken(id: &FunctionId) -> FunctionsError {
    FunctionsError::Conflict(format!("Function already exist: {}", id.name))
}

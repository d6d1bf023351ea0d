use crate::{Configuration, FunctionRecord, Functions, FunctionsError};
use images::{Digest, Images};
use kv::Snapshot;
use names::{Key, Keyspace};
use pool::InstanceKind;
use runtime::Family;
use std::collections::HashSet;

/// So many functions are looked at after a start: enough to know which runtimes are in use here.
const LOOKED_AT: usize = 1000;

impl Functions {
    /// Lets instances of the kinds that functions here need be made ready; once, at the start.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn expect_all(&self) -> Result<(), FunctionsError> {
        let images = self.images().clone();
        let kinds = self
            .kv
            .read(async move |snapshot: &Snapshot| {
                let all = Key::new(Keyspace::Function).range();
                let page = kv::range_records::<FunctionRecord>(snapshot, &all, LOOKED_AT).await?;
                let kinds: HashSet<InstanceKind> =
                    page.iter().filter_map(|(_, record)| kind(&record.latest, &images)).collect();
                Ok::<_, FunctionsError>(kinds)
            })
            .await?;
        kinds.iter().for_each(|kind| self.instances.expect(kind));
        Ok(())
    }

    /// A function that was made or changed is usually tried right after.
    pub(crate) fn expect(&self, configuration: &Configuration) {
        if let Some(kind) = kind(configuration, self.images()) {
            self.instances.expect(&kind);
        }
        if configuration.code.image.is_none() && configuration.runtime.family() == Family::Provided {
            let (functions, configuration) = (self.clone(), configuration.clone());
            tokio::spawn(async move {
                if let Err(error) = functions.prepare(&configuration).await {
                    tracing::debug!(%error, "code is not prepared ahead of its first event");
                }
            });
        }
    }

    /// Custom code may have to be compiled.
    async fn prepare(&self, configuration: &Configuration) -> Result<(), FunctionsError> {
        let code_dir = self.code.directory(&configuration.code).await?;
        let layer_dirs = self.layer_dirs(configuration).await?;
        self.instances.prepare(&code_dir, &layer_dirs);
        Ok(())
    }
}

fn kind(configuration: &Configuration, images: &Images) -> Option<InstanceKind> {
    let Configuration { runtime, environment, memory_mb, tmp_mb, code, .. } = configuration;
    if code.image.is_none() {
        return Some(InstanceKind::new(runtime, environment.variables(), *memory_mb, *tmp_mb));
    }
    // One small file; an image that is not there is told of by whoever needs it.
    let image = images.image(&Digest::from_hex(&code.sha256).ok()?).ok()??;
    Some(InstanceKind::of_image(images.root(&image), *tmp_mb))
}

use crate::{Configuration, Described, FunctionId, FunctionRecord, Functions, FunctionsError};
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
    pub(crate) async fn expect(&self, described: &Described) {
        if let Some(kind) = kind(&described.configuration, self.images()) {
            self.instances.expect(&kind);
        }
        if let Err(error) = self.prepare(&described.id).await {
            tracing::debug!(%error, "a function is not prepared ahead of its first event");
        }
    }

    /// Does what its first event would do before an instance is asked for. Custom code may have to be compiled.
    async fn prepare(&self, id: &FunctionId) -> Result<(), FunctionsError> {
        let target = self.remembered.target(&self.kv, id, None).await?;
        let (spec, _pins) = self.runs_from(id, None, &target).await?;
        if spec.image.is_none() && spec.runtime.family() == Family::Provided {
            self.instances.prepare(&spec.code_dir, &spec.layer_dirs);
        }
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

//! Versions whose code is a WebAssembly component: they have no instance but while an event is dealt with.

use super::acquire::Found;
use super::{Closing, Inner, closed};
use crate::idle::Key;
use crate::instance::{Component, fail_component};
use crate::{InvokeError, InvokeRequest, Outcome, VersionSpec};
use runtime::Family;
use runtime::component;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The component that is the code of this version, if it is one.
pub(super) fn component_of(spec: &VersionSpec) -> Option<PathBuf> {
    // A look-up or two of paths, mostly remembered by the kernel: not worth another thread.
    let may_be = spec.image.is_none() && spec.runtime.family() == Family::Provided;
    may_be.then(|| component::find(&spec.code_dir, &spec.layer_dirs)).flatten()
}

impl Inner {
    pub(super) async fn invoke_component(
        self: &Arc<Self>,
        spec: Arc<VersionSpec>,
        request: InvokeRequest,
        component: &Path,
    ) -> Result<Outcome, InvokeError> {
        let mut closing = self.phase.subscribe();
        let work = async {
            let component = match Component::load(&self.context, &spec, component).await {
                Ok(component) => component,
                Err(error) => return fail_component(&self.context, &spec, &request, error),
            };
            // Making an instance of it is no work that would have to wait for its turn.
            match self.find(&spec, &Key::of(&spec)).await? {
                Found::Memory(registration) => {
                    component.invoke(&self.context, &spec, &request, registration).await
                }
                // Its code has changed, and not its revision.
                Found::Idle(instance) => {
                    self.destroy_later(vec![instance]);
                    Err(InvokeError::InvalidCode("the code changed under an instance".to_owned()))
                }
            }
        };
        let outcome = tokio::select! {
            biased;
            outcome = work => outcome?,
            // The sender is in `self`, so this cannot fail.
            _ = closing.wait_for(|phase| *phase == Closing::Cut) => return Err(closed()),
        };
        Ok(outcome)
    }

    /// Compiles and loads the code in the background, if it is a component.
    pub(super) fn prepare_component(self: &Arc<Self>, code_dir: &Path, layer_dirs: &[PathBuf]) {
        let Some(component) = component::find(code_dir, layer_dirs) else { return };
        let components = self.context.components.clone();
        tokio::spawn(async move {
            if let Err(error) = components.program(&component).await {
                // The first invocation tells the function's owner.
                tracing::info!(%error, component = %component.display(), "a component cannot be run");
            }
        });
    }
}

use crate::instance::{Context, root};
use clock::Moment;
use runtime::channel::TEMPLATE_VARIABLE;
use runtime::generic::Generic;
use runtime::{Base, Family, RuntimeId};
use sandbox::{CHANNEL_FD, Command, Template, TemplateSpec};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// Interpreters that are forked into sandboxes, one for each runtime that can be.
///
/// What a template forks shares its memory until it writes, and also its random layout and hash seed: so a
/// template is replaced after [`FORKS_MAX`].
#[derive(Default)]
pub(crate) struct Templates(Mutex<HashMap<RuntimeId, Slot>>);

struct Slot {
    base: Base,
    template: Option<Arc<Template>>,
    made: Moment,
}

const FORKS_MAX: u64 = 500;

/// A runtime of which no template could be made is not tried again before.
const RETRY_AFTER: Duration = Duration::from_secs(60);

impl Templates {
    /// A template of the runtime; `None` where processes are to be started by themselves.
    pub async fn of(
        &self,
        context: &Context,
        runtime: &RuntimeId,
        generic: &Generic,
    ) -> Option<Arc<Template>> {
        if !matches!(runtime.family(), Family::Python { .. }) {
            return None;
        }
        let mut slots = self.0.lock().await;
        if let Some(slot) = slots.get(runtime).filter(|slot| slot.base == generic.base) {
            match &slot.template {
                Some(template) if template.forks() < FORKS_MAX && lives(template).await => {
                    return Some(template.clone());
                }
                None if context.clock.since(slot.made) < RETRY_AFTER => return None,
                _ => {}
            }
        }
        let template = match make(context, generic).await {
            Ok(template) => Some(Arc::new(template)),
            Err(error) => {
                tracing::warn!(%error, %runtime, "each process of this runtime is started by itself");
                None
            }
        };
        let slot =
            Slot { base: generic.base.clone(), template: template.clone(), made: context.clock.moment() };
        slots.insert(runtime.clone(), slot);
        template
    }

    /// It did not do as it was told: the next process is not asked of it.
    pub async fn give_up(&self, runtime: &RuntimeId) {
        self.0.lock().await.remove(runtime);
    }

    /// Ends all of them.
    pub async fn end(&self) {
        self.0.lock().await.clear();
    }
}

async fn lives(template: &Template) -> bool {
    tokio::select! {
        biased;
        () = template.gone() => false,
        () = std::future::ready(()) => true,
    }
}

async fn make(context: &Context, generic: &Generic) -> Result<Template, sandbox::SandboxError> {
    let mut env = generic.environment.clone();
    env.push((TEMPLATE_VARIABLE.to_owned(), CHANNEL_FD.to_string()));
    let cwd = PathBuf::from("/var/task");
    let command = Command { argv: generic.argv.clone(), env, cwd, channel: false };
    context.host.template(TemplateSpec { root: root(&generic.base), command }).await
}

use crate::instance::{Context, root};
use clock::{Clock, Moment};
use runtime::channel::TEMPLATE_VARIABLE;
use runtime::generic::Generic;
use runtime::{Base, Family, RuntimeId};
use sandbox::{CHANNEL_FD, Command, SandboxError, Template, TemplateSpec};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Interpreters that are forked into sandboxes, one for each runtime that can be.
///
/// What a template forks shares its memory until it writes, and also its random layout and hash seed: so a
/// template is replaced after [`FORKS`].
#[derive(Default)]
pub(crate) struct Templates {
    made: Mutex<HashMap<RuntimeId, Made>>,
    /// Held while one is made.
    turn: tokio::sync::Mutex<()>,
}

struct Made {
    /// What was mounted when it was made.
    base: Base,
    template: Result<Arc<Template>, Failed>,
}

struct Failed {
    when: Moment,
    /// No matter how often it is tried: this host cannot.
    for_good: bool,
}

/// After so many it is replaced. Until there is another it goes on, for as many again.
const FORKS: u64 = 250;
const FORKS_MAX: u64 = 2 * FORKS;

/// A template takes some 50 MiB: within less than this it would leave too little for what is in stock.
const BUDGET_MB_MIN: u32 = 128;

/// A template that could not be made, or did not fork, is not made again before.
const RETRY_AFTER: Duration = Duration::from_secs(60);

impl Templates {
    /// Sees to it that there is a fresh one for `runtime`, if it can have one: may take a second or so.
    pub async fn keep(&self, context: &Context, runtime: &RuntimeId, generic: &Generic) {
        let can_fork = matches!(runtime.family(), Family::Python { .. });
        if !can_fork || context.config.prewarm_memory_mb < BUDGET_MB_MIN {
            return;
        }
        let _turn = self.turn.lock().await;
        if self.lock().get(runtime).is_some_and(|made| made.is_to_stay(&generic.base, &context.clock)) {
            return;
        }
        let template = make(context, generic).await.map(Arc::new).map_err(|error| {
            tracing::warn!(%error, %runtime, "each process of this runtime is started by itself");
            Failed {
                when: context.clock.moment(),
                for_good: matches!(error, SandboxError::LayerMissing { .. }),
            }
        });
        self.lock().insert(runtime.clone(), Made { base: generic.base.clone(), template });
    }

    /// The one for `runtime`, if there is one that can fork.
    pub fn ready(&self, runtime: &RuntimeId, base: &Base) -> Option<Arc<Template>> {
        let made = self.lock();
        let made = made.get(runtime).filter(|made| made.base == *base)?;
        let template = made.template.as_ref().ok()?;
        (template.forks() < FORKS_MAX && !template.has_ended()).then(|| template.clone())
    }

    /// It did not do as it was told: the next processes are started by themselves.
    pub fn give_up(&self, context: &Context, runtime: &RuntimeId, bad: &Arc<Template>) {
        let mut made = self.lock();
        // It may have been replaced meanwhile.
        let found = made.get_mut(runtime);
        let found = found.filter(|made| made.template.as_ref().is_ok_and(|known| Arc::ptr_eq(known, bad)));
        if let Some(made) = found {
            made.template = Err(Failed { when: context.clock.moment(), for_good: false });
        }
    }

    /// Memory that all of them take, in MiB.
    pub fn memory_mb(&self) -> u32 {
        let made = self.lock();
        let templates = made.values().filter_map(|made| made.template.as_ref().ok());
        let bytes: u64 = templates.filter_map(|template| template.memory_bytes()).sum();
        u32::try_from(bytes >> 20).unwrap_or(u32::MAX)
    }

    /// Ends all of them.
    pub fn end(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RuntimeId, Made>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Made {
    fn is_to_stay(&self, base: &Base, clock: &Clock) -> bool {
        self.base == *base
            && match &self.template {
                Ok(template) => template.forks() < FORKS && !template.has_ended(),
                Err(failed) => failed.for_good || clock.since(failed.when) < RETRY_AFTER,
            }
    }
}

async fn make(context: &Context, generic: &Generic) -> Result<Template, SandboxError> {
    let mut env = generic.environment.clone();
    env.push((TEMPLATE_VARIABLE.to_owned(), CHANNEL_FD.to_string()));
    let cwd = PathBuf::from("/var/task");
    let command = Command { argv: generic.argv.clone(), env, cwd, channel: false };
    context.host.template(TemplateSpec { root: root(&generic.base), command }).await
}

use crate::{FunctionId, Functions, FunctionsError, LayerId, permission};
use access::policy::PolicyDocument;
use kv::{Kv, Snapshot, Watch};
use names::{Arn, FunctionReference, Key, Keyspace};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// Resource policies that are kept at once; with one more, all are forgotten.
const KEPT_MAX: usize = 4096;

/// Resource policies of functions and layer versions as decisions read them, kept while none is written. Never
/// older than what somebody was told: see [`crate::remembered::Remembered`].
pub(crate) struct Shared {
    watches: [Watch; 2],
    state: RwLock<State>,
}

#[derive(Default)]
struct State {
    /// Of the watches when all in here was read.
    count: u64,
    policies: HashMap<Arn, Option<Arc<PolicyDocument>>>,
}

impl Shared {
    pub fn new(kv: &Kv) -> Self {
        let watches = [Keyspace::FunctionPolicy, Keyspace::LayerPolicy];
        let watches = watches.map(|keyspace| kv.watch(Key::new(keyspace).as_bytes()));
        Shared { watches, state: RwLock::default() }
    }

    fn count(&self) -> u64 {
        self.watches.iter().map(Watch::count).sum()
    }

    fn known(&self, count: u64, arn: &Arn) -> Option<Option<Arc<PolicyDocument>>> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        (state.count == count).then(|| state.policies.get(arn).cloned()).flatten()
    }

    /// `count`: from before it was read.
    fn remember(&self, count: u64, arn: &Arn, policy: Option<Arc<PolicyDocument>>) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if count < state.count {
            return;
        }
        if count > state.count || state.policies.len() >= KEPT_MAX {
            *state = State { count, policies: HashMap::new() };
        }
        state.policies.insert(arn.clone(), policy);
    }
}

impl Functions {
    /// The resource policy of exactly what `arn` names: a function, one of its versions or aliases, or a layer
    /// version. `None` where it has none, or is none of these.
    ///
    /// # Errors
    /// The store could not be read.
    pub async fn resource_policy(&self, arn: &Arn) -> Result<Option<Arc<PolicyDocument>>, FunctionsError> {
        let count = self.shared.count();
        if let Some(policy) = self.shared.known(count, arn) {
            return Ok(policy);
        }
        let text = arn.to_string();
        let policy = self
            .kv
            .read(async move |snapshot: &Snapshot| {
                let record = if let Ok((layer, number)) = LayerId::parse_version(&text) {
                    kv::get_record::<permission::PolicyRecord>(snapshot, layer.policy(number)).await?
                } else if let Some((id, qualifier)) = function(&text) {
                    permission::policy(snapshot, &id, qualifier.as_ref()).await?
                } else {
                    None
                };
                Ok::<_, FunctionsError>(record.and_then(|record| record.document(&text)).map(Arc::new))
            })
            .await?;
        self.shared.remember(count, arn, policy.clone());
        Ok(policy)
    }
}

fn function(arn: &str) -> Option<(FunctionId, Option<names::Qualifier>)> {
    let FunctionReference { account, region, name, qualifier } = FunctionReference::parse(arn).ok()?;
    Some((FunctionId { account: account?, region: region?, name }, qualifier))
}

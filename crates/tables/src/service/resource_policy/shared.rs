use super::TablePolicy;
use crate::keys;
use crate::service::{Tables, TablesError};
use crate::table::TableId;
use access::policy::{PolicyDocument, PolicyKind};
use kv::{Kv, Snapshot, Watch};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// Tables whose policies, or that they have none, are kept at once; with one more, all are forgotten.
const KEPT_MAX: usize = 4096;

/// Policies of tables as decisions read them, kept while none is written. A commit counts before it is
/// acknowledged, and what was read before it counted is read again: never older than what somebody was told.
pub(crate) struct Shared {
    watch: Watch,
    state: RwLock<State>,
}

#[derive(Default)]
struct State {
    /// Of the watch when all in here was read.
    count: u64,
    policies: HashMap<TableId, Option<Arc<PolicyDocument>>>,
}

impl Shared {
    pub fn new(kv: &Kv) -> Self {
        Shared { watch: kv.watch(keys::all_policies().as_bytes()), state: RwLock::default() }
    }

    fn known(&self, count: u64, id: &TableId) -> Option<Option<Arc<PolicyDocument>>> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        (state.count == count).then(|| state.policies.get(id).cloned()).flatten()
    }

    /// `count`: from before it was read.
    fn remember(&self, count: u64, id: TableId, policy: Option<Arc<PolicyDocument>>) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if count < state.count {
            return;
        }
        if count > state.count || state.policies.len() >= KEPT_MAX {
            *state = State { count, policies: HashMap::new() };
        }
        state.policies.insert(id, policy);
    }
}

impl Tables {
    /// The policy of a table, which holds for its indexes too; `None` where there is none, or no such table.
    ///
    /// # Errors
    /// The store fails, or holds what is no policy.
    pub async fn resource_policy(&self, id: &TableId) -> Result<Option<Arc<PolicyDocument>>, TablesError> {
        let count = self.shared.watch.count();
        if let Some(policy) = self.shared.known(count, id) {
            return Ok(policy);
        }
        let place = keys::policy(id);
        let kept = self
            .kv
            .read(async move |snapshot: &Snapshot| {
                Ok::<_, TablesError>(kv::get_record::<TablePolicy>(snapshot, &place).await?)
            })
            .await?;
        let read = |kept: TablePolicy| PolicyDocument::parse(&kept.text, PolicyKind::Resource);
        let policy = kept.map(read).transpose().map_err(|_| crate::Corrupt)?.map(Arc::new);
        self.shared.remember(count, id.clone(), policy.clone());
        Ok(policy)
    }
}

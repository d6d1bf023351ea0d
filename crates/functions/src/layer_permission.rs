use crate::permission::{self, PolicyRecord, Revision, Statement, no_policy};
use crate::{Functions, FunctionsError, LayerId};
use kv::Transaction;

/// What a layer version's policy can let others do.
pub const LAYER_ACTION: &str = "lambda:GetLayerVersion";

impl Functions {
    /// Shares a layer version with an account (its id, or root's ARN) or with everyone (`*`). Returns the statement as JSON,
    /// and the policy's revision.
    ///
    /// # Errors
    /// `Invalid`, `NotFound`; `Conflict` when the statement id is taken; `Precondition`; `PolicyTooLong` (20 KiB).
    pub async fn add_layer_permission(
        &self,
        id: LayerId,
        number: u64,
        statement: Statement,
        revision_id: Option<String>,
    ) -> Result<(String, String), FunctionsError> {
        statement.check()?;
        let next = self.clock.uuid();
        self.kv
            .transact(async move |tx: &mut Transaction| {
                id.version_in(tx, number).await?;
                let revision = Revision { expected: revision_id.as_deref(), next: &next };
                let resource = id.version_arn(number).to_string();
                let added = permission::add(tx, id.policy(number), &resource, &statement, &revision).await?;
                Ok((added, next.clone()))
            })
            .await
    }

    /// # Errors
    /// `NotFound` for the layer version, its policy or the statement; `Precondition`.
    pub async fn remove_layer_permission(
        &self,
        id: LayerId,
        number: u64,
        sid: String,
        revision_id: Option<String>,
    ) -> Result<(), FunctionsError> {
        let next = self.clock.uuid();
        self.kv
            .transact(async move |tx: &mut Transaction| {
                id.version_in(tx, number).await?;
                let revision = Revision { expected: revision_id.as_deref(), next: &next };
                permission::remove(tx, id.policy(number), &sid, &revision).await
            })
            .await
    }

    /// # Errors
    /// `NotFound` for the layer version, or when nobody shares it.
    pub async fn get_layer_policy(&self, id: LayerId, number: u64) -> Result<PolicyRecord, FunctionsError> {
        kv::get_record(&self.kv, id.policy(number)).await?.ok_or_else(no_policy)
    }
}

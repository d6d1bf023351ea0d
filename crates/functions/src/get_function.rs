use crate::{Described, FunctionId, Functions, FunctionsError, lookup};
use kv::Snapshot;
use names::Qualifier;
use std::collections::BTreeMap;

/// All that GetFunction tells.
#[derive(Debug, Clone)]
pub struct FunctionDetails {
    pub described: Described,
    pub tags: BTreeMap<String, String>,
    pub reserved_concurrency: Option<u32>,
}

impl Functions {
    /// # Errors
    /// `NotFound` for the function, the version or the alias.
    pub async fn get_function(
        &self,
        id: FunctionId,
        qualifier: Option<Qualifier>,
    ) -> Result<FunctionDetails, FunctionsError> {
        let details = self
            .kv
            .read(async move |snapshot: &Snapshot| {
                let found = lookup::find(snapshot, &id, qualifier.as_ref()).await?;
                Ok::<_, FunctionsError>(FunctionDetails {
                    described: Described {
                        arn: id.arn_with(qualifier.as_ref()),
                        id: id.clone(),
                        version: found.version,
                        configuration: found.configuration,
                    },
                    tags: found.record.tags,
                    reserved_concurrency: found.record.reserved_concurrency,
                })
            })
            .await?;
        self.initialise_ahead(&details.described);
        Ok(details)
    }
}
